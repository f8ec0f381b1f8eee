"""Particulars of creators, given before the first payout: name, address, VAT, and consent to self-billing."""

from collections.abc import Mapping

from sqlalchemy import select

from domain import Refused
from domain.base import clock, sql
from domain.payouts import vat
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from domain.tax import billing
from models import PayoutParticulars, User, VatStatus, db

AGREEMENT = (
    "You sell to us what we sell to learners. We write the document of each payout for you (self-billing),"
    " and you don’t write any yourself."
)


def of(creator: User) -> PayoutParticulars | None:
    """Read what `creator` said; None before they did."""
    return db.session.get(PayoutParticulars, creator.id)


def lock(creator: User) -> PayoutParticulars | None:
    """Lock `creator` for a change of their particulars, and read these."""
    sql.lock_key(User, creator.id)
    return sql.locked(
        select(PayoutParticulars).where(PayoutParticulars.creator_id == creator.id)
    ).one_or_none()


def save(creator: User, values: Mapping[str, str], status: VatStatus, agrees: bool) -> None:
    """Save the billing details in `values` and the VAT status. Raises Refused with its field."""
    if not agrees:
        raise Refused("We can only pay you if you agree to this.", "agrees")
    if status == VatStatus.REGISTERED and not values["vat_id"]:
        raise Refused("Enter your VAT id, or say that you charge no VAT.", "vat_id")
    details = billing.save(creator, values)
    if details is None or not vat.is_complete(details):
        raise Refused("Enter your name, address, town and country.", _missing(values))
    said = lock(creator)
    if said is None:
        said = PayoutParticulars(creator_id=creator.id, agreed_at=clock.now())
        db.session.add(said)
    if said.agreement != AGREEMENT:
        said.agreement, said.agreed_at = AGREEMENT, clock.now()
    if said.vat_status != status:
        audit.record(creator, AuditAction.CHANGE_PARTICULARS, creator, f"VAT: {status.value}")
    said.vat_status = status
    db.session.flush()


def _missing(values: Mapping[str, str]) -> str:
    return next((name for name in ("name", "address", "city", "country") if not values[name]), "name")

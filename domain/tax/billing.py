"""Billing details: what a person wants on their invoices, and the country by which they are taxed.

An order keeps a copy (`snapshot`), so changes are for later orders.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from domain import Refused
from domain.base import clock, sql
from domain.platform.settings import ShopSettings
from domain.tax import countries, vat_checks, vat_ids
from models import BillingDetails, TaxMode, User, VatState, db, upsert

FIELDS = ("name", "company", "address", "postal_code", "city", "country", "vat_id")


def of(user: User) -> BillingDetails | None:
    """Read the billing details of `user`; None if they never saved any."""
    return db.session.get(BillingDetails, user.id)


def lock(user: User) -> BillingDetails | None:
    """Lock `user` for a change of their billing details, and read these."""
    sql.lock_key(User, user.id)
    return sql.locked(select(BillingDetails).where(BillingDetails.user_id == user.id)).one_or_none()


def save(user: User, values: Mapping[str, str]) -> BillingDetails | None:
    """Save the FIELDS in `values`; a new VAT id, or one without an answer, is checked by the worker.

    Nothing is kept of somebody who says no more than their account does. Raises Refused with its field.
    """
    details, country = lock(user), values["country"]
    if details is None and {values[field] for field in FIELDS} <= {"", user.name}:
        return None
    if values["vat_id"] and not country:
        raise Refused("Choose the country first.", "country")
    vat_id = vat_ids.normalise(values["vat_id"], country) if values["vat_id"] else ""
    details = details or _new(user)
    is_new = vat_id != details.vat_id or details.vat_state in (VatState.UNCONFIRMED, VatState.UNAVAILABLE)
    for field in FIELDS:
        setattr(details, field, values[field])
    details.vat_id, details.updated_at = vat_id, clock.now()
    if is_new:
        details.vat_state = _first_state(vat_id)
        details.vat_consultation, details.vat_checked_at = "", None
        if details.vat_state == VatState.PENDING:
            vat_checks.enqueue(user.id)
    db.session.flush()
    return details


def missing(details: BillingDetails | None, shop: ShopSettings) -> str | None:
    """Say what has to be known before `details` can be billed; None if nothing is missing.

    Tax by the shop's own rates depends on the buyer's country; Stripe asks for the address itself.
    """
    if shop.tax_mode == TaxMode.OWN and (details is None or not details.country):
        return "Say which country you live in. The tax depends on it."
    return None


def snapshot(user: User, details: BillingDetails | None) -> dict[str, Any]:
    """Copy the particulars for an order and its documents; without details, the person's name."""
    if details is None:
        return {**dict.fromkeys(FIELDS, ""), "name": user.name, "vat_state": VatState.NONE.value}
    return {
        **{field: getattr(details, field) for field in FIELDS},
        "name": details.name or user.name,
        "vat_state": details.vat_state.value,
        "vat_consultation": details.vat_consultation,
    }


def _new(user: User) -> BillingDetails:
    row = upsert(BillingDetails).values(user_id=user.id, vat_id="", vat_state=VatState.NONE)
    db.session.execute(row.on_conflict_do_nothing())
    return db.session.get_one(BillingDetails, user.id, populate_existing=True)


def _first_state(vat_id: str) -> VatState:
    """Return the state of a new id; ids of other countries can't be confirmed."""
    if not vat_id:
        return VatState.NONE
    return VatState.PENDING if countries.of_vat_id(vat_id) else VatState.UNCONFIRMED

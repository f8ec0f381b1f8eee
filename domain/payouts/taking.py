"""Taking lines into a payout: in one transaction, under the creator's lock, before anybody is asked.

Lines are taken by being in no payout yet, never by their order in time: ids and clocks of several processes
aren't ordered.
"""

import uuid
from dataclasses import replace
from datetime import datetime

from sqlalchemy import func, select, update
from uuid_utils.compat import uuid7

from domain.payouts import lines, vat
from domain.payouts.amounts import Amounts
from domain.payouts.planning import Due
from domain.tax import rates
from models import Earning, EarningStatus, Payout, PayoutStatus, db


class ChangedMeanwhileError(Exception):
    """The plan can't be paid any more, as a refund was booked in this moment; it is planned anew."""


def take(due: Due, run_id: uuid.UUID, at: datetime) -> Payout:
    """Take what is payable to a creator into a new payout of a run. The creator must be locked.

    Raises ChangedMeanwhileError.
    """
    payout = _write(due, run_id, at)
    mine = lines.of_creator(payout.creator_id, payout.currency)
    db.session.execute(
        update(Earning)
        .where(mine, lines.payable(at), Earning.payout_id.is_(None))
        .values(payout_id=payout.id, status=EarningStatus.PROCESSING)
        .execution_options(synchronize_session=False)
    )
    amounts = _taken(payout, due.amounts)
    if amounts.paid_cents <= 0:
        raise ChangedMeanwhileError
    _add_vat(payout, amounts)
    _add_carry(payout, amounts)
    payout.amount_cents = amounts.paid_cents
    payout.sums = sums_of(payout.id)
    payout.closing_cents = db.session.scalar(select(lines.total()).where(mine, lines.unpaid())) or 0
    db.session.flush()
    return payout


def sums_of(payout_id: uuid.UUID) -> dict[str, int]:
    """Add up the lines of a payout by kind."""
    query = select(lines.kind(), lines.total()).where(Earning.payout_id == payout_id).group_by(lines.KIND)
    return {name: int(cents) for name, cents in db.session.execute(query)}


def last_paid(creator_id: uuid.UUID, currency: str) -> Payout | None:
    """Find the latest payout to a creator that wasn't refused."""
    query = select(Payout).where(Payout.creator_id == creator_id, Payout.currency == currency)
    query = query.where(Payout.status.in_((PayoutStatus.PENDING, PayoutStatus.PAID)))
    return db.session.scalar(query.order_by(Payout.created_at.desc(), Payout.id.desc()).limit(1))


def key_of(payout_id: uuid.UUID, attempt: int) -> str:
    """Build the idempotency key of a payout's transfer."""
    return f"payout:{payout_id.hex}:{attempt}"


def _write(due: Due, run_id: uuid.UUID, at: datetime) -> Payout:
    payout_id, before = uuid7(), last_paid(due.creator.id, due.currency)
    payout = Payout(
        id=payout_id, creator_id=due.creator.id, run_id=run_id, amount_cents=due.amounts.paid_cents,
        currency=due.currency, idempotency_key=key_of(payout_id, 1), destination=due.destination,
        period_start=before.period_end if before is not None else _first_line(due, at), period_end=at,
        opening_cents=before.closing_cents if before is not None else 0, closing_cents=0, sums={},
        billing=vat.snapshot(due.billing, due.said),
        vat_rate_bp=due.amounts.rate_bp, created_at=at,
    )  # fmt: skip
    db.session.add(payout)
    db.session.flush()
    return payout


def _first_line(due: Due, at: datetime) -> datetime:
    query = select(func.min(Earning.created_at)).where(lines.of_creator(due.creator.id, due.currency))
    return db.session.scalar(query) or at


def _taken(payout: Payout, planned: Amounts) -> Amounts:
    """Compute the amounts of the lines that were really taken."""
    query = select(
        lines.total(),
        lines.total(Earning.key.startswith("vat:")),
        lines.total(Earning.key.startswith("carry:")),
    ).where(Earning.payout_id == payout.id)
    cents, vat, carry = db.session.execute(query).one()
    return replace(planned, lines_cents=int(cents), vat_cents=int(vat), carry_cents=int(carry))


def _add_vat(payout: Payout, amounts: Amounts) -> None:
    if amounts.added_vat_cents:
        note = f"VAT, {rates.percent(amounts.rate_bp)}"
        _add(payout, f"vat:{payout.id.hex}", amounts.added_vat_cents, note, is_paid=True)


def _add_carry(payout: Payout, amounts: Amounts) -> None:
    """Take out what the currency can't transfer, and book it for the next payout."""
    if amounts.rest_cents:
        key, rest = f"carry:{payout.id.hex}", amounts.rest_cents
        _add(payout, key, -rest, "Carried into the next payout", is_paid=True)
        _add(payout, f"{key}:next", rest, "Carried over from the last payout", is_paid=False)


def _add(payout: Payout, key: str, cents: int, note: str, is_paid: bool) -> None:
    db.session.add(
        Earning(
            creator_id=payout.creator_id, key=key, amount_cents=cents, currency=payout.currency, note=note,
            status=EarningStatus.PROCESSING if is_paid else EarningStatus.PENDING,
            payout_id=payout.id if is_paid else None, available_at=payout.created_at,
            created_at=payout.created_at,
        )
    )  # fmt: skip
    db.session.flush()

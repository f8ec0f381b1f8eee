"""Planning: what a run would pay to whom now, and what is held back for which reasons. Changes nothing."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select

from domain.payouts import holds, lines, vat
from domain.payouts.amounts import Amounts
from domain.payouts.holds import Hold
from domain.platform import settings
from domain.platform.settings import ShopSettings
from models import (
    BillingDetails,
    ConnectAccount,
    Earning,
    HoldCode,
    PayoutParticulars,
    User,
    db,
)

BATCH = 500


@dataclass(frozen=True)
class Due:
    """An amount payable to a creator in one currency, and why it isn't paid, if it isn't.

    `destination` is their account at Stripe; `lines` is how many ledger lines are taken.
    """

    creator: User
    amounts: Amounts
    lines: int
    destination: str
    billing: BillingDetails | None
    said: PayoutParticulars | None
    holds: tuple[Hold, ...]

    @property
    def currency(self) -> str:
        """Return the currency of all amounts."""
        return self.amounts.currency

    @property
    def is_paid(self) -> bool:
        """Tell whether a run pays it."""
        return not self.holds


@dataclass(frozen=True)
class PlanSum:
    """The sums of a plan in one currency: what would be paid to how many, and what is held back."""

    currency: str
    paid_cents: int
    creators: int
    held_cents: int
    held: int


def plan(at: datetime, after: tuple[uuid.UUID, str] | None = None, limit: int = BATCH) -> list[Due]:
    """Plan the payouts at `at` to the next `limit` creators and currencies behind `after`, in their order."""
    query = _payable(at)
    if after is not None:
        query = query.having(
            (Earning.creator_id > after[0])
            | ((Earning.creator_id == after[0]) & (Earning.currency > after[1]))
        )
    rows = db.session.execute(query.order_by(Earning.creator_id, Earning.currency).limit(limit)).all()
    return _judged(rows)


def sums(at: datetime) -> list[PlanSum]:
    """Add up the whole plan by currency."""
    found: dict[str, list[int]] = {}
    for due in everything(at):
        parts = found.setdefault(due.currency, [0, 0, 0, 0])
        if due.is_paid:
            parts[0] += due.amounts.paid_cents
            parts[1] += 1
        elif due.amounts.lines_cents > 0:
            parts[2] += due.amounts.lines_cents
            parts[3] += 1
    return [PlanSum(currency, *parts) for currency, parts in sorted(found.items())]


def everything(at: datetime) -> Iterable[Due]:
    """Yield the whole plan, read in batches."""
    found = plan(at)
    while found:
        yield from found
        after = (found[-1].creator.id, found[-1].currency)
        found = plan(at, after) if len(found) == BATCH else []


def of_creator(creator_id: uuid.UUID, currency: str, at: datetime) -> Due | None:
    """Plan the payout to one creator in one currency; None when they have no payable line."""
    query = _payable(at).where(lines.of_creator(creator_id, currency))
    return next(iter(_judged(db.session.execute(query).all())), None)


def _payable(at: datetime) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Earning.creator_id,
            Earning.currency,
            lines.total(),
            lines.total(Earning.key.startswith("vat:")),
            lines.total(Earning.key.startswith("carry:")),
            func.count(),
        )
        .where(lines.payable(at))
        .group_by(Earning.creator_id, Earning.currency)
    )


def _judged(rows: Iterable[Any]) -> list[Due]:
    """Find out about each creator of `rows` whether they can be paid; a fixed number of queries for all."""
    found, shop = list(rows), settings.current()
    ids = {row[0] for row in found}
    people = _by_creator(select(User).where(User.id.in_(ids)), "id")
    billing = _by_creator(select(BillingDetails).where(BillingDetails.user_id.in_(ids)), "user_id")
    said = _by_creator(select(PayoutParticulars).where(PayoutParticulars.creator_id.in_(ids)), "creator_id")
    open_accounts = ConnectAccount.creator_id.in_(ids), ConnectAccount.closed_at.is_(None)
    accounts = _by_creator(select(ConnectAccount).where(*open_accounts), "creator_id")
    drift = holds.drifting(ids)
    judged = []
    for creator_id, currency, cents, vat_cents, carry_cents, count in found:
        who = people[creator_id]
        rate = vat.rate(billing.get(creator_id), said.get(creator_id), shop)
        amounts = Amounts(currency, int(cents), int(vat_cents), int(carry_cents), rate)
        account = accounts.get(creator_id)
        standing = _of_sum(amounts, shop)
        if who.suspended_at is not None:
            standing.append(Hold(HoldCode.SUSPENDED))
        standing += vat.objections(billing.get(creator_id), said.get(creator_id), shop)
        standing += _of_account(account)
        if creator_id in drift:
            standing.append(Hold(HoldCode.DRIFT, drift[creator_id]))
        destination = account.stripe_account_id if account is not None else ""
        judged.append(
            Due(
                who,
                amounts,
                count,
                destination,
                billing.get(creator_id),
                said.get(creator_id),
                tuple(standing),
            )
        )
    return judged


def _of_sum(amounts: Amounts, shop: ShopSettings) -> list[Hold]:
    if amounts.lines_cents < 0:
        return [Hold(HoldCode.NEGATIVE)]
    least = vat.least(shop, amounts.currency)
    too_small = amounts.lines_cents < least or amounts.paid_cents <= 0
    return [Hold(HoldCode.MINIMUM)] if too_small else []


def _of_account(account: ConnectAccount | None) -> list[Hold]:
    if account is None:
        return [Hold(HoldCode.ACCOUNT, "There is no account yet.")]
    return [] if account.is_payable else [Hold(HoldCode.ACCOUNT, account.reason)]


def _by_creator(query: Select[Any], name: str) -> dict[uuid.UUID, Any]:
    return {getattr(row, name): row for row in db.session.scalars(query)}

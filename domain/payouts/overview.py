"""The payouts page of a creator: what waits until when, is available, on its way and paid; and the holds."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple

from sqlalchemy import and_, case, func, literal, not_, select

from domain.base import clock, months, pagination, sql
from domain.base.pagination import Page
from domain.payouts import holds, lines
from domain.platform import settings
from models import (
    Earning,
    Payout,
    PayoutHold,
    PayoutStatus,
    Product,
    Purchase,
    PurchaseShare,
    User,
    db,
)

PER_PAGE = 20
NEWEST = 10


class Balance(NamedTuple):
    """A creator's balance in one currency, in minor units.

    `waiting_cents` waits for the end of refund windows, the last of which ends at `waits_until`;
    `disputed_cents` for banks; `available_cents` goes into the next payout, and is below 0 where more was
    taken back than earned.
    """

    currency: str
    waiting_cents: int = 0
    next_at: datetime | None = None
    waits_until: datetime | None = None
    disputed_cents: int = 0
    available_cents: int = 0
    under_way_cents: int = 0
    paid_cents: int = 0

    @property
    def pending_cents(self) -> int:
        """Add up what is owed and not on its way yet."""
        return self.waiting_cents + self.disputed_cents + self.available_cents


class PendingLine(NamedTuple):
    """A ledger line that isn't paid yet: why it waits, and until when."""

    at: datetime
    key: str
    title: str | None
    note: str
    cents: int
    currency: str
    available_at: datetime
    is_disputed: bool

    @property
    def kind(self) -> str:
        """Return the kind of the line, one of `lines.KINDS`."""
        return lines.kind_of(self.key)

    @property
    def waits(self) -> bool:
        """Tell whether its refund window is still open."""
        return self.available_at > clock.now()


class RecentSale(NamedTuple):
    """A sale, with the name of the learner who holds the course; None for a gift that nobody has claimed."""

    at: datetime
    title: str
    learner: str | None
    share_cents: int
    currency: str
    refunded_cents: int


@dataclass(frozen=True)
class PayoutsOverview:
    """All that the page shows."""

    balances: list[Balance]
    holds: list[PayoutHold]
    pending: list[PendingLine]
    sales: list[RecentSale]
    payouts: Page[Payout]
    next_day: date


def load(creator: User, after: uuid.UUID | None) -> PayoutsOverview:
    """Load the page of `creator`, with the payouts behind the payout `after`."""
    return PayoutsOverview(
        balances=balances(creator),
        holds=holds.of_creator(creator.id),
        pending=pending(creator),
        sales=recent_sales(creator),
        payouts=payouts(creator, after),
        next_day=next_day(),
    )


def balances(creator: User) -> list[Balance]:
    """Add up by currency what waits, is available, is on its way and was paid."""
    found = _owed(creator)
    for currency, cents in _disputed(creator):
        balance = found[currency]
        found[currency] = balance._replace(
            disputed_cents=cents, available_cents=balance.available_cents - cents
        )
    left = func.sum(Payout.amount_cents - Payout.reversed_cents)
    sent = select(Payout.currency, Payout.status, left).where(
        Payout.creator_id == creator.id, Payout.status.in_((PayoutStatus.PENDING, PayoutStatus.PAID))
    )
    for currency, status, cents in db.session.execute(sent.group_by(Payout.currency, Payout.status)):
        balance = found.get(currency, Balance(currency))
        if status == PayoutStatus.PAID:
            found[currency] = balance._replace(paid_cents=int(cents))
        else:
            found[currency] = balance._replace(under_way_cents=int(cents))
    return [found[currency] for currency in sorted(found)]


def _owed(creator: User) -> dict[str, Balance]:
    """Add up what isn't paid yet from the index alone; what is disputed counts as available."""
    waits = Earning.available_at > clock.now()
    query = select(
        Earning.currency,
        lines.total(waits),
        func.min(case((waits, Earning.available_at))),
        func.max(case((waits, Earning.available_at))),
        literal(0),
        lines.total(not_(waits)),
    ).where(Earning.creator_id == creator.id, lines.unpaid())
    return {row[0]: Balance(*row) for row in db.session.execute(query.group_by(Earning.currency))}


def _disputed(creator: User) -> list[tuple[str, int]]:
    """Add up what is payable but for a dispute, starting from the few sales that are disputed."""
    query = select(Earning.currency, lines.total()).where(
        sql.asked_last(Earning.creator_id == creator.id),
        lines.unpaid(),
        Earning.available_at <= clock.now(),
        lines.disputed(),
    )
    return [(row[0], int(row[1])) for row in db.session.execute(query.group_by(Earning.currency))]


def pending(creator: User) -> list[PendingLine]:
    """List the newest lines that aren't paid yet."""
    query = (
        select(
            Earning.created_at, Earning.key, Product.title, Earning.note, Earning.amount_cents,
            Earning.currency, Earning.available_at, lines.disputed(),
        )
        .outerjoin(PurchaseShare, PurchaseShare.id == Earning.share_id)
        .outerjoin(Product, Product.id == PurchaseShare.course_id)
        .where(Earning.creator_id == creator.id, lines.unpaid())
        .order_by(Earning.created_at.desc(), Earning.id.desc())
    )  # fmt: skip
    return [PendingLine(*row) for row in db.session.execute(query.limit(NEWEST))]


def recent_sales(creator: User) -> list[RecentSale]:
    """List the newest sales. A creator may know a learner's name (see students), and nothing else of them."""
    name = case((User.deleted_at.is_(None), User.name))
    query = (
        select(
            Earning.created_at, Product.title, name, Earning.amount_cents, Earning.currency,
            Purchase.refunded_cents,
        )
        .join(PurchaseShare, PurchaseShare.id == Earning.share_id)
        .join(Purchase, Purchase.id == PurchaseShare.purchase_id)
        .join(Product, Product.id == PurchaseShare.course_id)
        .outerjoin(User, User.id == Purchase.owner_id)
        .where(and_(Earning.creator_id == creator.id, Earning.key.startswith("sale:")))
        .order_by(Earning.created_at.desc(), Earning.id.desc())
    )  # fmt: skip
    return [RecentSale(*row) for row in db.session.execute(query.limit(NEWEST))]


def payouts(creator: User, after: uuid.UUID | None) -> Page[Payout]:
    """Load a page of a creator's payouts, newest first, behind the payout `after`."""
    query = select(Payout).where(Payout.creator_id == creator.id)
    mark = db.session.get(Payout, after) if after is not None else None
    last = (mark.created_at, mark.id) if mark is not None and mark.creator_id == creator.id else None
    newest = pagination.newest_first(query, Payout.created_at, Payout.id, last)
    return pagination.cut(db.session.scalars(newest.limit(PER_PAGE + 1)), PER_PAGE, lambda row: row.id)


def find(creator: User, payout_id: uuid.UUID) -> Payout | None:
    """Find one of `creator`'s payouts; None for another person's."""
    query = select(Payout).where(Payout.id == payout_id, Payout.creator_id == creator.id)
    return db.session.scalar(query)


def next_day() -> date:
    """Compute the day of the next monthly run, in the shop's zone."""
    shop = settings.current()
    today = clock.now().astimezone(months.zone_of(shop.timezone)).date()
    due = today.replace(day=shop.payout_day)
    if due > today:
        return due
    return due.replace(year=due.year + due.month // 12, month=due.month % 12 + 1)

"""The earnings page: sales with price, fee and share, and the payout state of each."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from sqlalchemy import Select, Uuid, and_, bindparam, case, func, select

from domain.base import clock, months, pagination
from domain.base.months import Month
from domain.base.pagination import Cursor, Page
from models import (
    Earning,
    EarningStatus,
    Order,
    Product,
    Purchase,
    PurchaseShare,
    User,
    UtcDateTime,
    db,
)

PER_PAGE = 25
BATCH = 1000
MOST_MONTHS = 60

earning, share, purchase, product, order = (
    t.__table__.c for t in (Earning, PurchaseShare, Purchase, Product, Order)
)


class ShareStatus(StrEnum):
    """The payout state of a share."""

    WAITING = "waiting"
    AVAILABLE = "available"
    ON_ITS_WAY = "on_its_way"
    PAID = "paid"
    FAILED = "failed"


class Sale(NamedTuple):
    """A sale, in minor units of `currency`.

    `list_cents` was the list price, `paid_cents` the amount paid, `share_cents` the creator's share,
    `taken_back_cents` the part of the share that was reversed by a refund. `due_at` is when it becomes
    payable.
    """

    id: uuid.UUID
    at: datetime
    course_id: uuid.UUID
    title: str
    order_number: str
    list_cents: int
    paid_cents: int
    fee_cents: int
    share_cents: int
    refunded_cents: int
    taken_back_cents: int
    currency: str
    status: EarningStatus
    due_at: datetime

    @property
    def discount_cents(self) -> int:
        """Return the discount of the buyer."""
        return max(0, self.list_cents - self.paid_cents)

    @property
    def standing(self) -> ShareStatus:
        """Return the payout state of the share."""
        return standing(self.status, self.due_at <= clock.now())


class EarningsTotal(NamedTuple):
    """The sum of one payout state in one currency."""

    standing: ShareStatus
    currency: str
    cents: int


@dataclass(frozen=True)
class EarningsPage:
    """A page of sales, newest first, and the sums of all sales in `month` or of all time."""

    sales: Page[Sale]
    totals: list[EarningsTotal]
    month: Month | None
    months: list[Month]


def standing(status: EarningStatus, is_due: bool) -> ShareStatus:
    """Derive the payout state of a ledger entry."""
    if status == EarningStatus.PENDING:
        return ShareStatus.AVAILABLE if is_due else ShareStatus.WAITING
    return {
        EarningStatus.PROCESSING: ShareStatus.ON_ITS_WAY,
        EarningStatus.PAID: ShareStatus.PAID,
        EarningStatus.FAILED: ShareStatus.FAILED,
    }[status]


def load(creator: User, month: str, after: str) -> EarningsPage:
    """Load the page of `creator`'s sales after the cursor `after`, of a month ("2026-11") or of all time."""
    zone = months.zone_of(creator.timezone)
    chosen = months.read(month, zone)
    sales = page(creator, chosen, pagination.read(after), PER_PAGE + 1)
    first = db.session.scalar(select(func.min(earning.created_at)).where(earning.creator_id == creator.id))
    return EarningsPage(
        sales=pagination.cut(sales, PER_PAGE, _cursor),
        totals=_totals(creator, chosen),
        month=chosen,
        months=months.since(first, clock.now(), zone, MOST_MONTHS) if first else [],
    )


def page(creator: User, month: Month | None, mark: Cursor | None, count: int) -> list[Sale]:
    """Load `count` sales after the cursor, newest first."""
    statement = _PAGES[month is not None, mark is not None]
    given = {"creator": creator.id, "count": count} | _span(month) | pagination.values(mark)
    return [Sale(*row) for row in db.session.connection().execute(statement, given)]


def every(creator: User, month: str) -> Iterator[Sale]:
    """Yield all sales, or those of a month, newest first, read in batches."""
    chosen = months.read(month, months.zone_of(creator.timezone))
    mark = None
    while sales := page(creator, chosen, mark, BATCH):
        yield from sales
        mark = _cursor(sales[-1])


def _cursor(sale: Sale) -> Cursor:
    return Cursor(sale.at, sale.id)


def _totals(creator: User, month: Month | None) -> list[EarningsTotal]:
    """Sum all ledger entries, reversals included, by payout state and currency."""
    given = {"creator": creator.id, "now": clock.now()} | _span(month)
    rows = db.session.connection().execute(_TOTALS[month is not None], given).all()
    sums: dict[tuple[str, ShareStatus], int] = {}
    for status, currency, is_due, cents in rows:
        key = (currency, standing(status, bool(is_due)))
        sums[key] = sums.get(key, 0) + int(cents)
    by_order = sorted(sums.items(), key=lambda item: (item[0][0], list(ShareStatus).index(item[0][1])))
    return [EarningsTotal(which, currency, cents) for (currency, which), cents in by_order]


def _span(month: Month | None) -> dict[str, Any]:
    return {"start": month.start, "stop": month.stop} if month else {}


def _within(in_month: bool) -> list[Any]:
    mine = [earning.creator_id == bindparam("creator", type_=Uuid())]
    if in_month:
        start, stop = (bindparam(name, type_=UtcDateTime()) for name in ("start", "stop"))
        mine += [earning.created_at >= start, earning.created_at < stop]
    return mine


def _page(in_month: bool, goes_on: bool) -> Select[Any]:
    """Build the query of a page. Each sale is the first entry of a share; the others took of it back."""
    lines = Earning.__table__.alias("taken_back")
    back = (
        select(func.coalesce(-func.sum(lines.c.amount_cents), 0))
        .where(lines.c.share_id == share.id, lines.c.id != earning.id)
        .scalar_subquery()
    )
    tables = (
        Earning.__table__.join(PurchaseShare.__table__, share.id == earning.share_id)
        .join(Purchase.__table__, purchase.id == share.purchase_id)
        .join(Product.__table__, product.id == share.course_id)
        .join(Order.__table__, order.id == purchase.order_id)
    )
    where = [*_within(in_month), earning.key.startswith("sale:")]
    if goes_on:
        where.append(pagination.after(earning.created_at, earning.id))
    return (
        select(
            earning.id, earning.created_at, product.id, product.title, order.number, share.list_cents,
            share.amount_cents, share.platform_fee_cents, earning.amount_cents, purchase.refunded_cents,
            back, earning.currency, earning.status, earning.available_at,
        )
        .select_from(tables)
        .where(and_(*where))
        .order_by(earning.created_at.desc(), earning.id.desc())
        .limit(bindparam("count"))
    )  # fmt: skip


def _summed(in_month: bool) -> Select[Any]:
    now = bindparam("now", type_=UtcDateTime())
    is_due = case((earning.available_at <= now, 1), else_=0).label("is_due")
    lines = select(earning.status, earning.currency, is_due, earning.amount_cents).where(*_within(in_month))
    found = lines.subquery().c
    keys = (found.status, found.currency, found.is_due)
    return select(*keys, func.sum(found.amount_cents)).group_by(*keys)


_PAGES = {(m, g): _page(m, g) for m in (False, True) for g in (False, True)}
_TOTALS = {in_month: _summed(in_month) for in_month in (False, True)}

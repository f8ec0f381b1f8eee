"""Statements of payouts: each line in it with price, discount, tax, fee and share; and the sums of a year."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, select

from domain.base import months, pagination
from domain.base.pagination import Cursor, Page
from domain.payouts import lines
from domain.platform import settings
from models import (
    BorneBy,
    Coupon,
    CouponRedemption,
    Earning,
    Order,
    Payout,
    PayoutStatus,
    Product,
    Purchase,
    PurchaseShare,
    User,
    db,
)

PER_PAGE = 50
BATCH = 1000


class StatementLine(NamedTuple):
    """A ledger line of a payout, in minor units; what only a sale has is None in the others.

    `gross_cents` was the list price, `paid_cents` what was paid for the course without tax, `amount_cents` is
    the line itself: the creator's share, or what was taken of it. `borne_by` says who bore the discount.
    """

    id: uuid.UUID
    at: datetime
    key: str
    amount_cents: int
    note: str
    title: str | None
    order_number: str | None
    list_cents: int | None
    paid_cents: int | None
    fee_cents: int | None
    line_cents: int | None
    line_tax_cents: int | None
    includes_tax: bool | None
    borne_by: BorneBy | None

    @property
    def kind(self) -> str:
        """Return the kind of the line: sale, refund, undo, dispute, adjust, vat or carry."""
        return lines.kind_of(self.key)

    @property
    def is_sale(self) -> bool:
        """Tell whether the line is a sale, which has a price and a fee."""
        return self.kind == "sale"

    @property
    def tax_cents(self) -> int:
        """Compute the tax that the buyer paid for this course, as its part of the line in the order."""
        if not self.line_cents:
            return 0
        return (2 * (self.line_tax_cents or 0) * (self.paid_cents or 0) + self.line_cents) // (
            2 * self.line_cents
        )

    @property
    def discount_cents(self) -> int:
        """Compute what was taken off the list price."""
        shown = (self.paid_cents or 0) + (self.tax_cents if self.includes_tax else 0)
        return max(0, (self.list_cents or 0) - shown)


@dataclass(frozen=True)
class YearSum:
    """A creator's payouts of a year in one currency: the lines in them by kind, and what was paid."""

    currency: str
    payouts: int
    kinds: dict[str, int]
    paid_cents: int
    reversed_cents: int


def page(payout: Payout, after: str) -> Page[StatementLine]:
    """Load the page of a payout's lines behind the cursor `after`, oldest first."""
    rows = _read(payout, pagination.read(after), PER_PAGE + 1)
    return pagination.cut(rows, PER_PAGE, lambda row: Cursor(row.at, row.id))


def every(payout: Payout) -> Iterator[StatementLine]:
    """Yield all the lines of a payout, oldest first, read in batches."""
    mark = None
    while rows := _read(payout, mark, BATCH):
        yield from rows
        mark = Cursor(rows[-1].at, rows[-1].id)


def of_year(creator: User, year: int) -> list[Payout]:
    """List what was paid to a creator in a year of the shop's zone, oldest first."""
    zone = months.zone_of(settings.current().timezone)
    first, last = months.month(year, 1, zone), months.month(year, 12, zone)
    query = select(Payout).where(
        Payout.creator_id == creator.id,
        Payout.status == PayoutStatus.PAID,
        Payout.paid_at >= first.start,
        Payout.paid_at < last.stop,
    )
    return list(db.session.scalars(query.order_by(Payout.created_at, Payout.id)))


def year_sums(payouts: list[Payout]) -> list[YearSum]:
    """Add up payouts by currency and kind of line."""
    found: dict[str, list[Payout]] = {}
    for payout in payouts:
        found.setdefault(payout.currency, []).append(payout)
    return [_year_sum(currency, rows) for currency, rows in sorted(found.items())]


def _year_sum(currency: str, payouts: list[Payout]) -> YearSum:
    kinds: dict[str, int] = {}
    for payout in payouts:
        for kind, cents in payout.sums.items():
            kinds[kind] = kinds.get(kind, 0) + cents
    paid, back = sum(row.amount_cents for row in payouts), sum(row.reversed_cents for row in payouts)
    return YearSum(currency, len(payouts), kinds, paid, back)


def _read(payout: Payout, mark: Cursor | None, count: int) -> list[StatementLine]:
    query = _lines().where(Earning.payout_id == payout.id)
    if mark is not None:
        query = query.where(*pagination.beyond(Earning.created_at, Earning.id, mark))
    query = query.order_by(Earning.created_at, Earning.id).limit(count)
    return [StatementLine(*row) for row in db.session.execute(query)]


def _lines() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Earning.id, Earning.created_at, Earning.key, Earning.amount_cents, Earning.note, Product.title,
            Order.number, PurchaseShare.list_cents, PurchaseShare.amount_cents,
            PurchaseShare.platform_fee_cents, Purchase.amount_cents, Purchase.tax_cents,
            Order.prices_include_tax, Coupon.borne_by,
        )
        .outerjoin(PurchaseShare, PurchaseShare.id == Earning.share_id)
        .outerjoin(Product, Product.id == PurchaseShare.course_id)
        .outerjoin(Purchase, Purchase.id == PurchaseShare.purchase_id)
        .outerjoin(Order, Order.id == Purchase.order_id)
        .outerjoin(CouponRedemption, CouponRedemption.order_id == Order.id)
        .outerjoin(Coupon, Coupon.id == CouponRedemption.coupon_id)
    )  # fmt: skip

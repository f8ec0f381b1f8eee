"""The results of a coupon or batch: uses, revenue, discount given, and the orders it was used in."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select

from domain.base import pagination
from domain.coupons import editing, listing
from domain.coupons.listing import CouponRow
from domain.ledger.states import BOUGHT
from models import Coupon, CouponRedemption, Order, Purchase, RedemptionState, db

LAST_ORDERS = 20
BATCH = 1000


class CouponOrder(NamedTuple):
    """An order that a coupon was paid with: the discount, and what its discounted lines brought without tax.

    What was refunded isn't counted.
    """

    id: uuid.UUID
    at: datetime
    number: str
    code: str | None
    discount_cents: int
    revenue_cents: int
    currency: str


class CodeUse(NamedTuple):
    """A code of a batch, and how its one use stands; None while nobody has begun it."""

    code: str | None
    state: RedemptionState | None
    order: str | None
    at: datetime | None


@dataclass(frozen=True)
class CouponReport:
    """The results of a coupon, in minor units, and its last orders."""

    row: CouponRow
    revenue_cents: int
    discount_cents: int
    orders: list[CouponOrder]

    @property
    def coupon(self) -> Coupon:
        """Return the coupon, the first one of a batch."""
        return self.row.coupon


def load(coupon: Coupon) -> CouponReport:
    """Load the results of `coupon`, in four queries."""
    revenue, given = db.session.execute(
        select(
            func.coalesce(func.sum(_REVENUE), 0), func.coalesce(func.sum(CouponRedemption.discount_cents), 0)
        )
        .select_from(CouponRedemption)
        .join(Coupon, Coupon.id == CouponRedemption.coupon_id)
        .where(editing.members(coupon), CouponRedemption.state == RedemptionState.CONSUMED)
    ).one()
    return CouponReport(listing.rows_of([coupon])[0], revenue, given, _orders(coupon, None, LAST_ORDERS))


def every_order(coupon: Coupon) -> Iterator[CouponOrder]:
    """Yield all orders that `coupon` was paid with, newest first, read in batches."""
    last: tuple[datetime, Any] | None = None
    while found := _orders(coupon, last, BATCH):
        yield from found
        if len(found) < BATCH:
            return
        last = (found[-1].at, found[-1].id)


def every_code(coupon: Coupon) -> Iterator[CodeUse]:
    """Yield the codes of a batch, and how each stands."""
    query = (
        select(Coupon.code, CouponRedemption.state, Order.number, CouponRedemption.updated_at)
        .outerjoin(
            CouponRedemption,
            (CouponRedemption.coupon_id == Coupon.id) & (CouponRedemption.state != RedemptionState.RELEASED),
        )
        .outerjoin(Order, Order.id == CouponRedemption.order_id)
        .where(editing.members(coupon), Coupon.code.is_not(None))
        .order_by(Coupon.code)
    )
    for row in db.session.execute(query):
        yield CodeUse(*row)


# The lines that a coupon made cheaper are those it was for: what a creator's coupon brought is their own.
_RETURNED = Purchase.refunded_cents + Purchase.disputed_cents - Purchase.returned_tax_cents
_REVENUE = (
    select(func.coalesce(func.sum(Purchase.amount_cents - _RETURNED), 0))
    .where(
        Purchase.order_id == CouponRedemption.order_id,
        Purchase.discount_cents > 0,
        Purchase.status.in_(BOUGHT),
    )
    .correlate(CouponRedemption)
    .scalar_subquery()
)


def _orders(coupon: Coupon, last: tuple[datetime, Any] | None, count: int) -> list[CouponOrder]:
    query: Select[Any] = (
        select(
            CouponRedemption.id, CouponRedemption.created_at, Order.number, Coupon.code,
            CouponRedemption.discount_cents, _REVENUE, Order.currency,
        )
        .join(Coupon, Coupon.id == CouponRedemption.coupon_id)
        .join(Order, Order.id == CouponRedemption.order_id)
        .where(editing.members(coupon), CouponRedemption.state == RedemptionState.CONSUMED)
    )  # fmt: skip
    newest = pagination.newest_first(query, CouponRedemption.created_at, CouponRedemption.id, last)
    return [CouponOrder(*row) for row in db.session.execute(newest.limit(count))]

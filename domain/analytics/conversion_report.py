"""Reports of the way from view to sale over a period, read from the daily totals."""

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar, cast

from sqlalchemy import Row, Select, and_, func, select

from domain.analytics import reporting_periods
from domain.analytics.reporting_periods import Period
from domain.base import clock
from domain.coupons import editing
from models import (
    Coupon,
    CouponDay,
    CouponRefusalDay,
    DailySales,
    Product,
    ProductDay,
    ProductKind,
    ProductPeriod,
    ProductStatus,
    ShopDay,
    db,
)

RANKED = 10
BATCH = 1000
LEAST_VIEWS = 10  # below that, what wasn't bought wasn't seen


class ProductCounts(NamedTuple):
    """The counts of a product on one day, or on several that begin with `date`; orders are its lines."""

    date: dt.date
    views: int
    cart_adds: int
    checkouts: int
    paid: int
    revenue_cents: int


class ShopCounts(NamedTuple):
    """The counts of the shop on one day, or on several that begin with `date`."""

    date: dt.date
    views: int
    cart_adds: int
    checkouts: int
    paid: int
    codes_fitted: int
    codes_refused: int


class CouponCounts(NamedTuple):
    """The counts of a coupon, or a batch of them, on one day, or on several that begin with `date`."""

    date: dt.date
    fitted: int
    taken: int
    paid: int
    discount_cents: int
    revenue_cents: int


Counts = TypeVar("Counts", bound=ProductCounts | ShopCounts | CouponCounts)


@dataclass(frozen=True)
class Figures(Generic[Counts]):
    """The counts of a period: of each day with any, summed up, and by steps without gaps, oldest first."""

    period: Period
    first: dt.date
    last: dt.date
    sum: Counts
    days: list[Counts]
    steps: list[tuple[str, Counts]]

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing happened at all."""
        return not any(self.sum[1:])

    def points(self, name: str) -> list[tuple[str, int]]:
        """Return one count per step, as `ui.chart` shows it."""
        return [(step, getattr(counts, name)) for step, counts in self.steps]


class RefusalCount(NamedTuple):
    """The number of times a coupon was refused for a reason (a RefusalReason's value)."""

    reason: str
    times: int


class SoldInCurrency(NamedTuple):
    """The sales and refunds of the shop in one currency, without tax, in minor units."""

    currency: str
    sales: int
    gross_cents: int
    refunded_cents: int


class RankedProduct(NamedTuple):
    """A product with its counts over a period; revenue in minor units of `currency`.

    `is_public`: its page can be opened.
    """

    id: uuid.UUID
    kind: ProductKind
    title: str
    slug: str
    is_public: bool
    currency: str
    views: int
    cart_adds: int
    checkouts: int
    paid: int
    revenue_cents: int


def of_product(product: Product, period: Period) -> Figures[ProductCounts]:
    """Load the figures of a product. One query."""
    day = ProductDay.__table__.c
    query = (
        select(day.date, day.views, day.cart_adds, day.checkouts, day.paid, day.revenue_cents)
        .where(day.product_id == product.id, day.date >= period.first())
        .order_by(day.date)
    )
    return _figures(ProductCounts, period, db.session.execute(query))


def of_shop(period: Period) -> Figures[ShopCounts]:
    """Load the figures of the whole shop. One query."""
    day = ShopDay.__table__.c
    query = (
        select(
            day.date, day.views, day.cart_adds, day.checkouts, day.paid, day.codes_fitted, day.codes_refused
        )
        .where(day.date >= period.first())
        .order_by(day.date)
    )
    return _figures(ShopCounts, period, db.session.execute(query))


def sold(period: Period) -> list[SoldInCurrency]:
    """Sum what the shop sold and refunded, by currency, the most sales first. One query."""
    day = DailySales.__table__.c
    sums = [func.sum(column) for column in (day.sales, day.gross_cents, day.refunded_cents)]
    query = select(day.currency, *sums).where(day.date >= period.first()).group_by(day.currency)
    found = [SoldInCurrency(row[0], *map(int, row[1:])) for row in db.session.execute(query)]
    return sorted(found, key=lambda one: (-one.sales, one.currency))


def of_coupon(coupon: Coupon, period: Period) -> Figures[CouponCounts]:
    """Load the figures of a coupon or a whole batch. One query."""
    day = CouponDay.__table__.c
    sums = (
        func.sum(column)
        for column in (day.fitted, day.taken, day.paid, day.discount_cents, day.revenue_cents)
    )
    query = (
        _of_members(coupon, select(day.date, *sums), CouponDay, period).group_by(day.date).order_by(day.date)
    )
    return _figures(CouponCounts, period, db.session.execute(query))


def refusals_of(coupon: Coupon, period: Period) -> list[RefusalCount]:
    """Count how often a coupon was refused, by reason, the most frequent first. One query."""
    day = CouponRefusalDay.__table__.c
    times = func.sum(day.times)
    query = _of_members(coupon, select(day.reason, times), CouponRefusalDay, period).group_by(day.reason)
    found = [RefusalCount(reason, int(count)) for reason, count in db.session.execute(query) if count]
    return sorted(found, key=lambda one: (-one.times, one.reason))


def best(period: Period) -> list[RankedProduct]:
    """List the products that brought most. One query, along an index."""
    column = ProductPeriod.revenue_cents
    query = _ranked(period).where(column > 0).order_by(column.desc(), ProductPeriod.product_id.desc())
    return [RankedProduct(*row) for row in db.session.execute(query.limit(RANKED))]


def worst(shop: Figures[ShopCounts]) -> list[RankedProduct]:
    """List the products that need more views for a sale than the whole shop, most first; none that is free.

    One query, along an index.
    """
    column = ProductPeriod.views_per_sale
    least = max(LEAST_VIEWS, shop.sum.views // (shop.sum.paid or 1))
    query = _ranked(shop.period).where(column >= least)
    query = query.order_by(column.desc(), ProductPeriod.product_id.desc())
    return [RankedProduct(*row) for row in db.session.execute(query.limit(RANKED))]


def every_product(period: Period) -> Iterator[RankedProduct]:
    """Yield all products with any counts in the period, read in batches along their ids."""
    query = _ranked(period).order_by(ProductPeriod.product_id).limit(BATCH)
    found = [RankedProduct(*row) for row in db.session.execute(query)]
    while found:
        yield from found
        later = query.where(ProductPeriod.product_id > found[-1].id)
        found = [RankedProduct(*row) for row in db.session.execute(later)] if len(found) == BATCH else []


def _ranked(period: Period) -> Select[Any]:
    one, product = ProductPeriod, Product.__table__.c
    is_public = and_(product.status == ProductStatus.PUBLISHED, product.deleted_at.is_(None))
    return (
        select(
            product.id, product.kind, product.title, product.slug, is_public, product.currency, one.views,
            one.cart_adds, one.checkouts, one.paid, one.revenue_cents,
        )
        .join(Product.__table__, product.id == one.product_id)
        .where(one.period == period.value)
    )  # fmt: skip


def _of_members(coupon: Coupon, query: Select[Any], days: Any, period: Period) -> Select[Any]:
    """Narrow a query of `days` to a coupon, or to those of its batch, and to a period."""
    joined = query.select_from(days).join(Coupon, Coupon.id == days.coupon_id)
    return joined.where(editing.members(coupon), days.date >= period.first())


def _figures(kind: type[Counts], period: Period, rows: Iterable[Row[Any]]) -> Figures[Counts]:
    first = period.first()
    days = [_counts(kind, row[0], row[1:]) for row in rows]
    steps = [(name, _added(kind, start, some)) for name, start, some in reporting_periods.steps(period, days)]
    return Figures(period, first, clock.now().date(), _added(kind, first, days), days, steps)


def _added(kind: type[Counts], first: dt.date, days: Sequence[Counts]) -> Counts:
    """Sum up `days`, which begin on `first`."""
    nothing = (0,) * (len(kind._fields) - 1)
    return _counts(kind, first, map(sum, zip(nothing, *(day[1:] for day in days), strict=True)))


def _counts(kind: type[Counts], first: dt.date, counts: Iterable[Any]) -> Counts:
    return cast(Counts, kind._make([first, *map(int, counts)]))

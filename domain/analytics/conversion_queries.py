"""Aggregation queries of the way from view to sale: of each product, each coupon, and the whole shop.

Views, what is put into carts and codes that are typed come from events; what became of them from the orders
themselves, which stay.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Date, Select, String, Table, Uuid, and_, cast, func, or_, select

from domain.analytics.day_queries import by_day, day_of, during, per_day, staged
from domain.analytics.sales_queries import (
    IS_BOUGHT,
    LINES,
    RETURNS,
    SOLD,
    back,
    order,
    product,
    purchase,
    returned,
)
from domain.platform.event_registry import EventName
from models import CouponRedemption, Event, Order, Product, Purchase, RedemptionState

PRODUCTS = staged(
    "counted_products", {"product_id": Uuid, "date": Date},
    "views", "cart_adds", "checkouts", "paid", "revenue_cents",
)  # fmt: skip
SHOP = staged(
    "counted_shop", {"date": Date},
    "views", "cart_adds", "checkouts", "paid", "codes_fitted", "codes_refused",
)  # fmt: skip
COUPONS = staged(
    "counted_coupons", {"coupon_id": Uuid, "date": Date},
    "fitted", "taken", "paid", "discount_cents", "revenue_cents",
)  # fmt: skip
REFUSALS = staged("counted_refusals", {"coupon_id": Uuid, "date": Date, "reason": String(20)}, "times")
event, redemption = Event.__table__.c, CouponRedemption.__table__.c
_SHOP_EVENTS = {
    "views": or_(
        and_(event.name == EventName.CONTENT_VIEW, event.lesson_id.is_(None)),
        event.name == EventName.BUNDLE_VIEW,
    ),
    "cart_adds": event.name == EventName.CART_ADDED,
    "codes_fitted": event.name == EventName.COUPON_APPLIED,
    "codes_refused": event.name == EventName.COUPON_REFUSED,
}


def from_events(dialect: str) -> Iterator[tuple[Table, Select[Any]]]:
    """Build the queries that read events, each with the temporary table it fills."""
    viewed = by_day(event.course_id.label("product_id"), event.created_at, dialect, views=func.count())
    is_view = and_(event.name == EventName.CONTENT_VIEW, event.lesson_id.is_(None))
    yield PRODUCTS, viewed.where(is_view, event.course_id.is_not(None))
    for name, count in ((EventName.BUNDLE_VIEW, "views"), (EventName.CART_ADDED, "cart_adds")):
        key = _id_in("product", dialect).label("product_id")
        yield (
            PRODUCTS,
            by_day(key, event.created_at, dialect, **{count: func.count()}).where(event.name == name),
        )
    for count, which in _SHOP_EVENTS.items():
        yield SHOP, per_day(event.created_at, dialect, **{count: func.count()}).where(which)
    entered = _id_in("entered", dialect)
    fitted = by_day(entered.label("coupon_id"), event.created_at, dialect, fitted=func.count())
    yield COUPONS, fitted.where(event.name == EventName.COUPON_APPLIED, entered.is_not(None))
    yield REFUSALS, _refusals(dialect)


def from_orders(dialect: str) -> Iterator[tuple[Table, Select[Any]]]:
    """Build the queries that read orders, each with the temporary table it fills."""
    yield from _products(dialect)
    yield SHOP, per_day(order.created_at, dialect, checkouts=func.count())
    yield SHOP, per_day(order.completed_at, dialect, paid=func.count())
    yield from _coupons(dialect)


def _products(dialect: str) -> Iterator[tuple[Table, Select[Any]]]:
    key = SOLD.label("product_id")
    begun = by_day(key, order.created_at, dialect, checkouts=func.count())
    yield PRODUCTS, begun.select_from(LINES)
    bought = by_day(key, order.completed_at, dialect, paid=func.count())
    yield PRODUCTS, bought.select_from(LINES).where(IS_BOUGHT)
    priced = LINES.join(Product.__table__, and_(product.id == SOLD, product.currency == purchase.currency))
    paid = by_day(key, order.completed_at, dialect, revenue_cents=func.sum(purchase.amount_cents))
    yield PRODUCTS, paid.select_from(priced).where(IS_BOUGHT)
    came_back = RETURNS.join(
        Product.__table__, and_(product.id == SOLD, product.currency == purchase.currency)
    )
    for query in returned(key, back.net_cents, "revenue_cents", came_back, dialect):
        yield PRODUCTS, query


def _coupons(dialect: str) -> Iterator[tuple[Table, Select[Any]]]:
    """Aggregate the orders that took a coupon: when they were begun, paid and refunded.

    Its lines are those that it made cheaper: what a creator's coupon brought is their own.
    """
    used = CouponRedemption.__table__.join(Order.__table__, order.id == redemption.order_id)
    is_paid = redemption.state == RedemptionState.CONSUMED
    taken = by_day(redemption.coupon_id, order.created_at, dialect, taken=func.count())
    yield COUPONS, taken.select_from(used)
    sums = {"paid": func.count(), "discount_cents": func.sum(redemption.discount_cents)}
    paid = by_day(redemption.coupon_id, order.completed_at, dialect, **sums)
    yield COUPONS, paid.select_from(used).where(is_paid)
    lines = used.join(Purchase.__table__, purchase.order_id == order.id)
    is_cheaper = and_(is_paid, IS_BOUGHT, purchase.discount_cents > 0)
    sold = func.sum(purchase.amount_cents)
    brought = by_day(redemption.coupon_id, order.completed_at, dialect, revenue_cents=sold)
    yield COUPONS, brought.select_from(lines).where(is_cheaper)
    of_order = and_(redemption.order_id == purchase.order_id, is_paid, purchase.discount_cents > 0)
    came_back = RETURNS.join(CouponRedemption.__table__, of_order)
    for query in returned(redemption.coupon_id, back.net_cents, "revenue_cents", came_back, dialect):
        yield COUPONS, query


def _refusals(dialect: str) -> Select[Any]:
    coupon, day = _id_in("coupon", dialect), day_of(event.created_at, dialect)
    why = event.properties["why"].as_string()
    refused = and_(event.name == EventName.COUPON_REFUSED, *during(event.created_at))
    return (
        select(coupon.label("coupon_id"), day.label("date"), why.label("reason"), func.count().label("times"))
        .where(refused, coupon.is_not(None), why.is_not(None))
        .group_by(coupon, day, why)
    )


def _id_in(name: str, dialect: str) -> Any:
    """Read an id from an event's properties, in the form that the database stores it; null for none."""
    text = func.nullif(event.properties[name].as_string(), "")
    return cast(text, Uuid) if dialect == "postgresql" else func.replace(text, "-", "")

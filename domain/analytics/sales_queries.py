"""Aggregation queries of money: sales by the day of payment, refunds by the day of the refund.

What a sale pays for a course is its share of the purchase, and so is what a refund takes back. The product of
a purchase doesn't tell: a bundle pays for several courses, and an exchanged gift pays for the one that was
bought. All amounts are without tax.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, Date, Select, String, Table, and_, cast, func, or_, select, true

from domain.analytics.count_queries import COURSES
from domain.analytics.day_queries import by_day, staged
from domain.ledger.refund_checks import UNDONE
from domain.ledger.states import BOUGHT
from models import Gift, Order, Product, Purchase, PurchaseShare, Refund, RefundLine

SALES = staged(
    "counted_sales", {"date": Date, "currency": String(3)},
    "sales", "gross_cents", "fee_cents", "refunded_cents",
)  # fmt: skip
order, purchase, share, product, gift, refund, back = (
    t.__table__.c for t in (Order, Purchase, PurchaseShare, Product, Gift, Refund, RefundLine)
)
SOLD = func.coalesce(gift.exchanged_from_id, purchase.product_id)
"""The product that was bought, whatever its receiver took instead; needs LINES."""
LINES = Purchase.__table__.join(Order.__table__, order.id == purchase.order_id).outerjoin(
    Gift.__table__, gift.purchase_id == purchase.id
)
RETURNS = (
    RefundLine.__table__.join(Refund.__table__, refund.id == back.refund_id)
    .join(Purchase.__table__, purchase.id == back.purchase_id)
    .outerjoin(Gift.__table__, gift.purchase_id == purchase.id)
)
"""The lines of refunds, each with its purchase."""
IS_BOUGHT = purchase.status.in_(BOUGHT)


def parts(dialect: str) -> Iterator[tuple[Table, Select[Any]]]:
    """Build the queries, each with the temporary table it fills.

    A course's revenue is in its present currency; others are in the shop's totals alone.
    """
    yield from _courses(dialect)
    yield from _shop(dialect)


def returned(
    key: Any, cents: Any, count: str, found: Any, dialect: str, sign: int = -1
) -> Iterator[Select[Any]]:
    """Build the queries of refunds: taken off on the day of the refund, added again when it fails.

    `found` are RETURNS, joined with what `key` and `cents` need.
    """
    for moment, direction, which in (
        (refund.created_at, sign, true()),
        (refund.decided_at, -sign, refund.status.in_(UNDONE)),
    ):
        sums = {count: direction * func.sum(cents)}
        yield by_day(key, moment, dialect, **sums).select_from(found).where(IS_BOUGHT, which)


def _courses(dialect: str) -> Iterator[tuple[Table, Select[Any]]]:
    own = and_(product.id == share.course_id, product.currency == purchase.currency)
    of_purchase = share.purchase_id == purchase.id
    shares = LINES.join(PurchaseShare.__table__, of_purchase).join(Product.__table__, own)
    # What a bundle gave for nothing isn't sold: a free course of it, or one that earlier buyers got later.
    is_sold = or_(share.amount_cents > 0, share.course_id == SOLD)
    bought = {"sales": func.count(), "revenue_cents": func.sum(share.amount_cents)}
    sold = by_day(share.course_id, order.completed_at, dialect, **bought)
    yield COURSES, sold.select_from(shares).where(IS_BOUGHT, is_sold)
    # A share gives back its part of the line, rounded down.
    whole = func.nullif(purchase.amount_cents, 0, type_=BigInteger)
    part = cast(share.amount_cents, BigInteger) * back.net_cents // whole
    shared = RETURNS.join(PurchaseShare.__table__, of_purchase).join(Product.__table__, own)
    for query in returned(share.course_id, func.coalesce(part, 0), "revenue_cents", shared, dialect):
        yield COURSES, query


def _shop(dialect: str) -> Iterator[tuple[Table, Select[Any]]]:
    fee = select(func.sum(share.platform_fee_cents)).where(share.purchase_id == purchase.id).scalar_subquery()
    sums = {
        "sales": func.count(),
        "gross_cents": func.sum(purchase.amount_cents),
        "fee_cents": func.sum(fee),
    }
    sold = by_day(purchase.currency, order.completed_at, dialect, **sums)
    yield SALES, sold.select_from(LINES).where(IS_BOUGHT)
    for query in returned(purchase.currency, back.net_cents, "refunded_cents", RETURNS, dialect, sign=1):
        yield SALES, query

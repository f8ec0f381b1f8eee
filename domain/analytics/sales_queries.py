"""Aggregation queries of money: sales by the day of payment, refunds by the day of the refund.

What a sale pays for a course is its share of the purchase, and so is what a refund takes back. The product of
a purchase doesn't tell: a bundle pays for several courses, and an exchanged gift pays for the one that was
bought. All amounts are without tax.
"""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Date, Select, String, Table, and_, func, or_, select

from domain.analytics.count_queries import COURSES
from domain.analytics.day_queries import by_day, staged
from domain.ledger import refunded
from domain.ledger.states import BOUGHT
from models import Gift, Order, Product, Purchase, PurchaseShare

SALES = staged(
    "counted_sales", {"date": Date, "currency": String(3)},
    "sales", "gross_cents", "fee_cents", "refunded_cents",
)  # fmt: skip
order, purchase, share, product, gift = (
    t.__table__.c for t in (Order, Purchase, PurchaseShare, Product, Gift)
)
SOLD = func.coalesce(gift.exchanged_from_id, purchase.product_id)
"""The product that was bought, whatever its receiver took instead; needs LINES."""
LINES = Purchase.__table__.join(Order.__table__, order.id == purchase.order_id).outerjoin(
    Gift.__table__, gift.purchase_id == purchase.id
)
IS_BOUGHT = purchase.status.in_(BOUGHT)


def parts(dialect: str) -> Iterator[tuple[Table, Select[Any]]]:
    """Build the queries, each with the temporary table it fills.

    A course's revenue is in its present currency; others are in the shop's totals alone.
    """
    yield from _courses(dialect)
    yield from _shop(dialect)


def _courses(dialect: str) -> Iterator[tuple[Table, Select[Any]]]:
    shares = LINES.join(PurchaseShare.__table__, share.purchase_id == purchase.id).join(
        Product.__table__, and_(product.id == share.course_id, product.currency == purchase.currency)
    )
    # What a bundle gave for nothing isn't sold: a free course of it, or one that earlier buyers got later.
    is_sold = or_(share.amount_cents > 0, share.course_id == SOLD)
    bought = {"sales": func.count(), "revenue_cents": func.sum(share.amount_cents)}
    sold = by_day(share.course_id, order.completed_at, dialect, **bought)
    yield COURSES, sold.select_from(shares).where(IS_BOUGHT, is_sold)
    back = by_day(
        share.course_id,
        purchase.refunded_at,
        dialect,
        revenue_cents=-func.sum(refunded.part(share.amount_cents)),
    )
    yield COURSES, back.select_from(shares).where(IS_BOUGHT)


def _shop(dialect: str) -> Iterator[tuple[Table, Select[Any]]]:
    fee = select(func.sum(share.platform_fee_cents)).where(share.purchase_id == purchase.id).scalar_subquery()
    sums = {
        "sales": func.count(),
        "gross_cents": func.sum(purchase.amount_cents),
        "fee_cents": func.sum(fee),
    }
    sold = by_day(purchase.currency, order.completed_at, dialect, **sums)
    yield SALES, sold.select_from(LINES).where(IS_BOUGHT)
    returned = func.sum(refunded.part(purchase.amount_cents))
    back = by_day(purchase.currency, purchase.refunded_at, dialect, refunded_cents=returned)
    yield SALES, back.where(IS_BOUGHT)

"""The buyer's list of orders: searched by number or product, filtered by state, page by page."""

from enum import StrEnum

from sqlalchemy import ColumnElement, false, or_, select

from domain.base import pagination, sql, word_folding
from domain.base.pagination import Cursor, Page
from domain.commerce import orders
from models import Order, OrderStatus, Purchase, User, db

PER_PAGE = 20


class OrderFilter(StrEnum):
    """A choice of orders, as their buyer thinks of them."""

    PAID = "paid"
    UNPAID = "unpaid"
    REFUNDED = "refunded"


_STATES = {
    OrderFilter.PAID: (OrderStatus.COMPLETED,),
    OrderFilter.UNPAID: (OrderStatus.PENDING, OrderStatus.FAILED),
    OrderFilter.REFUNDED: (OrderStatus.REFUNDED, OrderStatus.PARTIALLY_REFUNDED),
}


def page(user: User, after: str = "", text: str = "", state: OrderFilter | None = None) -> Page[Order]:
    """List `user`'s orders behind the cursor `after`, newest first, without cancelled checkouts.

    With `text` those whose number begins so, or which hold a product whose title at that time has its words.
    """
    shown = or_(Order.status != OrderStatus.CANCELLED, Order.problem.is_not(None))
    query = orders.with_purchases().where(Order.user_id == user.id, shown)
    if state is not None:
        query = query.where(Order.status.in_(_STATES[state]))
    if text:
        query = query.where(_found(user, text))
    newest = pagination.newest_first(query, Order.created_at, Order.id, pagination.read(after))
    rows = db.session.scalars(newest.limit(PER_PAGE + 1))
    return pagination.cut(rows, PER_PAGE, lambda order: str(Cursor(order.created_at, order.id)))


def _found(user: User, text: str) -> ColumnElement[bool]:
    """Build the condition; titles are compared here, folded, as a person has few orders."""
    words = word_folding.split(text)
    lines = select(Purchase.order_id, Purchase.product_snapshot["title"].as_string()).join(Order)
    titles = db.session.execute(lines.where(Order.user_id == user.id)).all()
    ids = {row[0] for row in titles if words and all(word in word_folding.fold(row[1]) for word in words)}
    begins = sql.begins(Order.number, text.upper()) if text.isascii() and text.isprintable() else false()
    return or_(begins, Order.id.in_(ids))

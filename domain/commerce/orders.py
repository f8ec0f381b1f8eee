"""Orders: numbers, look-ups, and the state shown to the buyer."""

import secrets
import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import InstrumentedAttribute, selectinload

from models import Order, OrderStatus, Purchase, Refund, RefundStatus, User, db

PER_PAGE = 20
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without characters that look alike, such as 0 and O


class BuyerStatus(StrEnum):
    """The state of an order as its buyer sees it."""

    OPEN = "open"
    CONFIRMING = "confirming"
    PAID = "paid"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PROBLEM = "problem"
    RETURNING = "returning"
    REFUNDED = "refunded"
    PARTLY_REFUNDED = "partially_refunded"


def new_number(moment: datetime) -> str:
    """Generate a readable order number that doesn't reveal how many orders there are: "LN-2611-7KQ3-M9XT"."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"LN-{moment:%y%m}-{letters[:4]}-{letters[4:]}"


def find(user: User, number: str) -> Order | None:
    """Load the order of that number with its purchases, if it is `user`'s."""
    return _one(user, Order.number, number)


def find_by_session(user: User, session_id: str) -> Order | None:
    """Load the order of that Checkout Session, if it is `user`'s."""
    return _one(user, Order.stripe_session_id, session_id)


def on_their_way(user: User) -> list[Order]:
    """List `user`'s orders that a bank is paying, newest first, with what they are for."""
    query = with_purchases().where(*under_way(user.id)).order_by(Order.created_at.desc())
    return list(db.session.scalars(query.limit(PER_PAGE)))


def under_way(user_id: Any) -> tuple[ColumnElement[bool], ...]:
    """Build the SQL conditions of an order of `user_id`, a value or a parameter, that a bank is paying."""
    return (
        Order.user_id == user_id,
        Order.status == OrderStatus.PENDING,
        Order.confirming_since.is_not(None),
        Order.problem.is_(None),
    )


def refunds_of(orders: list[Order]) -> dict[uuid.UUID, Refund]:
    """Load the newest refund of each of `orders` that has any."""
    query = select(Refund).where(Refund.order_id.in_([o.id for o in orders])).order_by(Refund.created_at)
    return {refund.order_id: refund for refund in db.session.scalars(query)}


def buyer_status(order: Order, refund: Refund | None = None) -> BuyerStatus:
    """Derive the state to show to the buyer of `order`; `refund` is its newest refund."""
    waits = refund is not None and refund.status in (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)
    if order.status == OrderStatus.PARTIALLY_REFUNDED:
        return BuyerStatus.PARTLY_REFUNDED
    if order.status == OrderStatus.REFUNDED:
        return BuyerStatus.RETURNING if waits else BuyerStatus.REFUNDED
    if order.status == OrderStatus.COMPLETED:
        return BuyerStatus.PAID
    if order.problem:
        return BuyerStatus.PROBLEM
    if waits:
        return BuyerStatus.RETURNING
    if order.status == OrderStatus.PENDING:
        return BuyerStatus.CONFIRMING if order.confirming_since else BuyerStatus.OPEN
    return BuyerStatus(order.status.value)


def _one(user: User, column: InstrumentedAttribute[Any], value: str) -> Order | None:
    """Load `user`'s order with this value; impossible values are not queried (PostgreSQL refuses NUL)."""
    if not value or len(value) > 255 or not value.isprintable():
        return None
    return db.session.scalar(with_purchases().where(column == value, Order.user_id == user.id))


def with_purchases() -> Select[Order]:
    """Build the query of orders with their purchases and products."""
    return select(Order).options(selectinload(Order.purchases).joinedload(Purchase.product))

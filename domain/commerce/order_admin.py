"""Orders for admins: list, open alerts and details."""

import uuid
from dataclasses import dataclass

from sqlalchemy import Select, select
from sqlalchemy.orm import joinedload, selectinload

from domain.base import pagination
from domain.base.pagination import Page
from domain.platform import audit
from models import AuditEntry, Order, OrderStatus, Purchase, Refund, StripeEvent, db

PAGE_SIZE = 50


@dataclass(frozen=True)
class OrderDetails:
    """Everything stored about an order: Stripe's events, refunds and the audit log."""

    order: Order
    events: list[StripeEvent]
    refunds: list[Refund]
    history: list[tuple[AuditEntry, str | None]]


def unsolved(limit: int = PAGE_SIZE) -> list[Order]:
    """List the orders with an open alert, oldest first."""
    query = _with_buyer().where(Order.problem.is_not(None), Order.looked_at.is_(None))
    return list(db.session.scalars(query.order_by(Order.created_at).limit(limit)))


def page(status: OrderStatus | None, after: uuid.UUID | None) -> Page[Order]:
    """List the orders of a status (None: all) with their buyers, newest first, after the cursor `after`."""
    query = _with_buyer()
    if status is not None:
        query = query.where(Order.status == status)
    last = db.session.get(Order, after) if after else None
    place = (last.created_at, last.id) if last else None
    newest = pagination.newest_first(query, Order.created_at, Order.id, place).limit(PAGE_SIZE + 1)
    return pagination.cut(db.session.scalars(newest), PAGE_SIZE, lambda order: order.id)


def find(number: str) -> Order | None:
    """Load the order of that number, with its buyer and purchases."""
    if not number.isascii() or not number.isprintable():
        return None
    loads = selectinload(Order.purchases).options(joinedload(Purchase.product), selectinload(Purchase.shares))
    return db.session.scalar(_with_buyer().options(loads).where(Order.number == number))


def details_of(order: Order) -> OrderDetails:
    """Load everything stored about `order`, in three queries."""
    about = [key for key in (order.stripe_session_id, order.stripe_payment_intent_id) if key]
    refunds = select(Refund).where(Refund.order_id == order.id).order_by(Refund.created_at)
    found = list(db.session.scalars(refunds))
    about += [refund.stripe_refund_id for refund in found if refund.stripe_refund_id]
    events = select(StripeEvent).where(StripeEvent.object_id.in_(about)).order_by(StripeEvent.received_at)
    return OrderDetails(
        order=order,
        events=list(db.session.scalars(events.limit(PAGE_SIZE))),
        refunds=found,
        history=audit.history_of("order", order.id, PAGE_SIZE),
    )


def _with_buyer() -> Select[Order]:
    return select(Order).options(joinedload(Order.user))

"""Orders for admins: list, open alerts and details."""

import uuid
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Select, false, select
from sqlalchemy.orm import joinedload, selectinload

from domain.base import pagination, sql
from domain.base.pagination import Page
from domain.disputes import listing
from domain.documents import lookups
from domain.people import directory
from domain.platform import audit
from domain.refunds import requesting
from models import AuditEntry, Dispute, Document, Order, OrderStatus, Purchase, Refund, StripeEvent, db

PAGE_SIZE = 50


class OrderSort(StrEnum):
    """An order of the list; by total the highest come first."""

    NEWEST = "newest"
    OLDEST = "oldest"
    TOTAL = "total"


@dataclass(frozen=True)
class OrderDetails:
    """Everything stored about an order: Stripe's events, refunds, documents and the audit log."""

    order: Order
    events: list[StripeEvent]
    refunds: list[Refund]
    disputes: list[Dispute]
    documents: list[Document]
    history: list[tuple[AuditEntry, str | None]]

    @property
    def is_refundable(self) -> bool:
        """Tell whether anything of it can be refunded."""
        return any(requesting.is_refundable(line) for line in self.order.purchases)


def unsolved(limit: int = PAGE_SIZE) -> list[Order]:
    """List the orders with an open alert, oldest first."""
    query = _with_buyer().where(Order.problem.is_not(None), Order.looked_at.is_(None))
    return list(db.session.scalars(query.order_by(Order.created_at).limit(limit)))


def page(
    status: OrderStatus | None, after: uuid.UUID | None, sort: OrderSort = OrderSort.NEWEST, text: str = ""
) -> Page[Order]:
    """List the orders of a status (None: all) with their buyers, in an order, after the cursor `after`.

    With `text` only those whose number begins so, or of the people whom it finds (directory.ids_of).
    """
    query = _with_buyer()
    if status is not None:
        query = query.where(Order.status == status)
    if text:
        query = query.where(_matching(text))
    last = db.session.get(Order, after) if after else None
    at = Order.total_cents if sort == OrderSort.TOTAL else Order.created_at
    place = (getattr(last, at.key), last.id) if last else None
    if sort == OrderSort.OLDEST:
        query = query.where(*pagination.beyond(at, Order.id, place)) if place else query
        ordered = query.order_by(at, Order.id)
    else:
        ordered = pagination.newest_first(query, at, Order.id, place)
    return pagination.cut(db.session.scalars(ordered.limit(PAGE_SIZE + 1)), PAGE_SIZE, lambda order: order.id)


def _matching(text: str) -> ColumnElement[bool]:
    number = text.upper()
    begins = sql.begins(Order.number, number) if number.isascii() and number.isprintable() else false()
    is_number = db.session.scalar(select(Order.id).where(begins).limit(1)) is not None
    return begins if is_number else Order.user_id.in_(directory.ids_of(text))


def find(number: str) -> Order | None:
    """Load the order of that number, with its buyer and purchases."""
    if not number.isascii() or not number.isprintable():
        return None
    loads = selectinload(Order.purchases).options(joinedload(Purchase.product), selectinload(Purchase.shares))
    return db.session.scalar(_with_buyer().options(loads).where(Order.number == number))


def details_of(order: Order) -> OrderDetails:
    """Load everything stored about `order`, in five queries."""
    about = [key for key in (order.stripe_session_id, order.stripe_payment_intent_id) if key]
    refunds = select(Refund).where(Refund.order_id == order.id).order_by(Refund.created_at)
    found = list(db.session.scalars(refunds))
    disputes = listing.of_order(order.id)
    about += [dispute.stripe_dispute_id for dispute in disputes]
    about += [refund.stripe_refund_id for refund in found if refund.stripe_refund_id]
    events = select(StripeEvent).where(StripeEvent.object_id.in_(about)).order_by(StripeEvent.received_at)
    return OrderDetails(
        order=order,
        events=list(db.session.scalars(events.limit(PAGE_SIZE))),
        refunds=found,
        disputes=disputes,
        documents=lookups.of_order(order.id),
        history=audit.history_of("order", order.id, PAGE_SIZE),
    )


def _with_buyer() -> Select[Order]:
    return select(Order).options(joinedload(Order.user))

"""Reconciliation: polls Stripe for what no webhook has reported, in open orders, refunds and events."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, func, select

import jobs
import payments
from domain.base import clock
from domain.commerce import fulfilment, stripe_event_table, stripe_events
from domain.ledger import order_lock
from domain.refunds.stripe_refunds import WAITING
from models import Job, JobState, Order, OrderStatus, Refund, db
from payments import Event, Session

PATIENCE = timedelta(minutes=3)
YOUNG = timedelta(hours=1)
LONGEST_SESSION = timedelta(hours=25)  # Stripe expires a session after 24 hours at the latest
OVERLAP = timedelta(hours=1)
KEPT_BY_STRIPE = timedelta(days=30)


@dataclass(frozen=True)
class SessionQuery:
    """An order to reconcile, by its session."""

    order_id: uuid.UUID
    session_id: str


def sweep() -> None:
    """Enqueue a check of every unsettled order and refund, and a retry of unhandled events.

    Recent orders are checked at every sweep, older ones once an hour: the idempotency key holds the slot.
    """
    for event_id in stripe_events.unprocessed():
        stripe_events.handle_soon(event_id)
    if not payments.is_configured():
        return
    now = clock.now()
    for order in db.session.scalars(_unsettled(now)):
        if order.stripe_session_id is None:
            _forget(order, now)
            continue
        slot = int(now.timestamp() // (300 if now - order.created_at < YOUNG else 3600))
        jobs.enqueue("settle_order", key=f"settle:{order.id}:{slot}", order_id=str(order.id))
    pending = select(Refund.id).where(Refund.status.in_(WAITING), Refund.updated_at < now - YOUNG)
    for refund_id in db.session.scalars(pending):
        slot = int(now.timestamp() // 3600)
        jobs.enqueue("refund_payment", key=f"refund:{refund_id}:{slot}", refund_id=str(refund_id))


def begin(order_id: str) -> SessionQuery | None:
    """Plan the check, unless the order has been settled meanwhile."""
    order = db.session.get(Order, uuid.UUID(order_id))
    if order is None or order.status != OrderStatus.PENDING or order.stripe_session_id is None:
        return None
    return SessionQuery(order.id, order.stripe_session_id)


def fetch_session(question: SessionQuery) -> Session | None:
    """Retrieve the session from Stripe, or None."""
    return payments.find_session(question.session_id)


def end(question: SessionQuery, session: Session | None) -> None:
    """Settle the order; one whose session is unknown to Stripe is cancelled."""
    if session is not None:
        fulfilment.fulfil(session)
    else:
        fulfilment.cancel(order_lock.lock(question.order_id), question.session_id)


def begin_listing() -> datetime | None:
    """Compute the start of the event listing: an hour before the last finished one, at most 30 days ago."""
    if not payments.is_configured():
        return None
    done = select(func.max(Job.created_at)).where(
        Job.kind == "list_stripe_events", Job.state == JobState.DONE
    )
    last: datetime | None = db.session.scalar(done)
    return last - OVERLAP if last is not None else clock.now() - KEPT_BY_STRIPE


def list_events(since: datetime) -> list[Event]:
    """List the relevant events, oldest first. Raises PaymentUnavailable."""
    return payments.events_since(since, stripe_event_table.FOLLOWED)


def end_listing(_since: datetime, events: list[Event]) -> None:
    """Store the events that no webhook has delivered."""
    for event in events:
        stripe_events.store(event)


def _unsettled(now: datetime) -> Select[Order]:
    return select(Order).where(
        Order.status == OrderStatus.PENDING,
        Order.problem.is_(None),
        Order.created_at < now - PATIENCE,
    )


def _forget(order: Order, now: datetime) -> None:
    """Cancel an order that never got a session: whatever Stripe may have opened has expired by now."""
    if order.created_at < now - LONGEST_SESSION:
        fulfilment.cancel(order_lock.lock(order.id), None)

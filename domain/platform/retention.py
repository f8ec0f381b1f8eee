"""Retention: deletes old jobs, events, sign-in attempts, registrations, sessions, and recipients of gifts."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Update, case, delete, func, select, union, update

from domain.base import clock
from domain.platform import held_posts
from models import (
    Gift,
    Job,
    JobState,
    LoginAttempt,
    Order,
    Purchase,
    PurchaseStatus,
    Refund,
    Registration,
    StripeEvent,
    UserSession,
    WorkerBeat,
    db,
)

KEEP_JOBS = timedelta(days=7)
KEEP_ATTEMPTS = timedelta(days=2)
KEEP_DEVICES = timedelta(days=30)
KEEP_RECIPIENTS = timedelta(days=365)
# How long after a payment a cardholder may dispute it: usually 120 days; Visa allows up to 540 where what
# was sold is delivered later (https://docs.chargeflow.io/docs/reference/concepts/network-timelines).
DISPUTE_FILED_WITHIN = timedelta(days=540)
# How long a dispute may take: Mastercard gives 45 days each for answer, second answer and arbitration, banks
# take several weeks in between (same source).
DISPUTE_DECIDED_WITHIN = timedelta(days=180)
# An event is evidence as long as the dispute of its payment can last. That is far longer than the 30 days for
# which Stripe lists and resends events, so their rows also keep handling them idempotent.
KEEP_EVENTS = DISPUTE_FILED_WITHIN + DISPUTE_DECIDED_WITHIN


def clean_up() -> None:
    """Delete expired rows. Dead jobs and open alerts stay: they wait for a person."""
    now = clock.now()
    db.session.execute(delete(Job).where(Job.state == JobState.DONE, Job.finished_at < now - KEEP_JOBS))
    db.session.execute(delete(StripeEvent).where(*_past_events(now)))
    db.session.execute(delete(LoginAttempt).where(LoginAttempt.at < now - KEEP_ATTEMPTS))
    db.session.execute(delete(Registration).where(Registration.expires_at < now))
    db.session.execute(delete(UserSession).where(UserSession.expires_at < now - KEEP_DEVICES))
    db.session.execute(delete(UserSession).where(UserSession.revoked_at < now - KEEP_DEVICES))
    db.session.execute(_past_gifts(now))
    held_posts.clean_up()
    db.session.execute(delete(WorkerBeat).where(WorkerBeat.at < now - KEEP_ATTEMPTS))


def _past_gifts(now: datetime) -> Update:
    """Forget to whom a gift was sent, and with which words, KEEP_RECIPIENTS after it was claimed or ended.

    One that was never paid is over from the beginning.
    """
    unpaid = select(Purchase.id).where(
        Purchase.id == Gift.purchase_id, Purchase.status == PurchaseStatus.FAILED
    )
    begun = case((unpaid.exists(), Gift.created_at))
    over = func.coalesce(Gift.ended_at, Gift.claimed_at, begun) < now - KEEP_RECIPIENTS
    return update(Gift).where(over, Gift.recipient != "").values(recipient="", message="")


def _past_events(now: datetime) -> tuple[ColumnElement[bool], ...]:
    """Select the events that may go: those unhandled, of an open alert or of an order with one stay.

    An event belongs to the order whose session or payment its object is, or to whose payment it belongs: a
    dispute has an id of its own. It names the payment, or the order in its metadata.
    """
    open_order = (Order.problem.is_not(None), Order.looked_at.is_(None))
    sessions = select(Order.stripe_session_id).where(*open_order, Order.stripe_session_id.is_not(None))
    numbers = select(Order.number).where(*open_order)
    payments: CompoundSelect[Any] = union(
        select(Order.stripe_payment_intent_id).where(
            *open_order, Order.stripe_payment_intent_id.is_not(None)
        ),
        select(Refund.payment_intent_id).join(Order, Order.id == Refund.order_id).where(*open_order),
    )
    return (
        StripeEvent.processed_at < now - KEEP_EVENTS,
        StripeEvent.problem.is_(None) | StripeEvent.looked_at.is_not(None),
        StripeEvent.object_id.not_in(sessions),
        StripeEvent.object_id.not_in(payments),
        _named("payment_intent").not_in(payments),
        _named("metadata", "order_number").not_in(numbers),
    )


def _named(*path: str) -> ColumnElement[str]:
    """Build the SQL for a text in the object of an event's snapshot, "" without it."""
    return func.coalesce(StripeEvent.payload["data", "object", *path].as_string(), "")

"""Applying a dispute as Stripe has it now: events and the sweep are only the trigger.

The dispute is fetched without a transaction. What was asked for earlier than what has been applied is old,
and changes nothing; so neither the order of events nor two workers at once make a difference.
"""

import uuid
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import selectinload

import payments
from domain.base import clock, sql
from domain.disputes import access_pauses, movements, outcomes, states, telling
from domain.ledger import order_lock
from domain.platform import alerts
from domain.platform.audit_actions import AuditAction
from models import Dispute, DisputeMovement, Order, Refund, User, db
from payments import StripeDispute

LONGEST_WORD = 40
LONGEST_REASON = 60


@dataclass(frozen=True)
class FetchedDispute:
    """A dispute as Stripe had it when it was asked for at `asked_at`; None: Stripe doesn't have it."""

    asked_at: datetime
    dispute: StripeDispute | None


def fetch(stripe_dispute_id: str) -> FetchedDispute:
    """Retrieve a dispute. Raises PaymentUnavailable."""
    asked_at = clock.now()
    return FetchedDispute(asked_at, payments.find_dispute(stripe_dispute_id))


def apply(found: StripeDispute, asked_at: datetime) -> Dispute | None:
    """Bring our row, and all that follows from it, to the state of `found`; None if no order was paid so."""
    order_id = order_of(found.payment_intent, found.order_number)
    if order_id is None:
        return None
    order = order_lock.lock(order_id)
    dispute = _row(order, found, asked_at)
    if asked_at < dispute.synced_at:
        return dispute
    _lock_owners(order)
    before = dispute.status
    _take_over(dispute, found, asked_at)
    movements.book(dispute, order, found.movements)
    outcomes.follow(dispute, order)
    access_pauses.follow(order)
    if before != dispute.status:
        telling.tell(dispute, order)
        if dispute.status not in states.KNOWN:
            sentence = f"Stripe reports a dispute as “{dispute.status}”, which Lectern doesn’t know."
            alerts.raise_and_stop(order, AuditAction.STRIPE_NOTICE, sentence)
    # Documents are numbered last: whoever waits for a number waits for nothing else.
    outcomes.issue_documents(dispute, order)
    return dispute


def order_of(payment_intent: str | None, order_number: str | None) -> uuid.UUID | None:
    """Find the order with this payment: its own, one that it had refunded, or the one it names; its id."""
    if payment_intent:
        for column, known in (
            (Order.id, Order.stripe_payment_intent_id),
            (Refund.order_id, Refund.payment_intent_id),
        ):
            if found := db.session.scalar(select(column).where(known == payment_intent).limit(1)):
                return uuid.UUID(str(found))
    query = select(Order.id).where(Order.number == order_number)
    return db.session.scalar(query) if order_number else None


def _row(order: Order, found: StripeDispute, asked_at: datetime) -> Dispute:
    """Load the row of a dispute, or write it; the order's lock keeps two from writing it."""
    loads = selectinload(Dispute.movements).selectinload(DisputeMovement.lines)
    query = select(Dispute).where(Dispute.stripe_dispute_id == found.id).options(loads)
    known = db.session.scalars(query, execution_options={"populate_existing": True}).one_or_none()
    if known is not None:
        return known
    dispute = Dispute(
        order_id=order.id, stripe_dispute_id=found.id, payment_intent_id=found.payment_intent or "",
        amount_cents=found.amount, currency=found.currency, reason=found.reason[:LONGEST_REASON], status="",
        disputed_at=found.created, synced_at=asked_at, evidence={}, is_lost=False, movements=[],
        evidence_version=0, saved_version=0,
    )  # fmt: skip
    db.session.add(dispute)
    return dispute


def _lock_owners(order: Order) -> None:
    """Lock the people who hold what was bought, then the products: what follows changes both."""
    owners = {line.owner_id for line in order.purchases if line.owner_id is not None}
    sql.lock_keys(User.__table__.c.id, owners)
    order_lock.lock_products(order.purchases)


def _take_over(dispute: Dispute, found: StripeDispute, asked_at: datetime) -> None:
    dispute.amount_cents, dispute.reason = found.amount, found.reason[:LONGEST_REASON]
    dispute.status = found.status[:LONGEST_WORD]
    dispute.is_inquiry = dispute.status in states.INQUIRIES
    dispute.due_by = found.due_by if dispute.status in states.TO_ANSWER else None
    dispute.synced_at = asked_at
    if found.submission_count and dispute.submitted_at is None:
        dispute.submitted_at = asked_at
        dispute.submit_at = dispute.submit_at or asked_at
    db.session.flush()

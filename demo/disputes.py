"""Disputes of the demo: one that waits for an answer, one that was lost, one that was won."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from domain.disputes import applying, evidence
from domain.ledger.states import SETTLED
from models import Dispute, Order, Purchase, db
from payments import DisputeMovement as StripeMovement
from payments import StripeDispute

FEE = 1500
# What each bank has done: status, reason, days since it began, and whether the money came back.
CASES = (
    ("needs_response", "unrecognized", 3, False),
    ("lost", "product_unacceptable", 40, False),
    ("won", "fraudulent", 70, True),
)


def add_disputes(now: datetime) -> None:
    """Dispute three paid orders of the year, and collect the evidence for the open one."""
    for number, (status, reason, days, came_back) in enumerate(CASES, 1):
        began = now - timedelta(days=days)
        order = _order_before(began)
        found = _dispute(order, number, status, reason, began)
        if came_back:
            found = _returned(found, now - timedelta(days=days // 2))
        dispute = applying.apply(found, now)
        if dispute is not None and status == "needs_response":
            _draft(dispute, now)
    db.session.flush()


def _order_before(moment: datetime) -> Order:
    """Choose the last order of one course that was paid a few days before, and isn't disputed yet."""
    disputed = select(Dispute.id).where(Dispute.order_id == Order.id).exists()
    query = select(Order).where(
        Order.status.in_(SETTLED), Order.total_cents > 0, Order.completed_at < moment, ~disputed
    )
    lines = selectinload(Order.purchases)
    owned = select(Purchase.id).where(Purchase.order_id == Order.id, Purchase.owner_id.is_(None)).exists()
    query = query.where(~owned).options(lines)
    return db.session.scalars(query.order_by(Order.completed_at.desc(), Order.number).limit(1)).one()


def _dispute(order: Order, number: int, status: str, reason: str, began: datetime) -> StripeDispute:
    withdrawn = StripeMovement(f"txn_demo_{number}_1", -order.total_cents, FEE, order.currency, began)
    return StripeDispute(
        id=f"dp_demo_{number}", status=status, reason=reason, amount=order.total_cents,
        currency=order.currency, payment_intent=order.stripe_payment_intent_id, charge=f"ch_demo_{number}",
        created=began, due_by=began + timedelta(days=9), movements=(withdrawn,), submission_count=0,
        evidence={}, order_number=order.number,
    )  # fmt: skip


def _returned(found: StripeDispute, at: datetime) -> StripeDispute:
    (withdrawn,) = found.movements
    back = StripeMovement(f"{withdrawn.id[:-1]}2", -withdrawn.amount, 0, withdrawn.currency, at)
    return StripeDispute(**{**vars(found), "movements": (withdrawn, back)})


def _draft(dispute: Dispute, now: datetime) -> None:
    """Fill the answer as the button does, but without a call: Stripe doesn't have this dispute."""
    dispute.evidence, dispute.collected_at = evidence.collect(dispute), now - timedelta(hours=2)
    dispute.evidence_version = dispute.saved_version = 1

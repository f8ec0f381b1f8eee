"""Comparisons of what Stripe moved for disputes with what is booked for them."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import func, or_, select

from domain.base.money import money
from domain.books.differences import Difference
from domain.books.matching import DISPUTES
from models import Dispute, DisputeMovement, FindingKind, Order, StripeMovement, db


def unknown_disputes(before: datetime) -> Iterator[Difference]:
    """Find money that Stripe moved for disputes and that isn't booked here."""
    query = (
        select(StripeMovement, Order.id, Order.number)
        .outerjoin(Order, Order.stripe_payment_intent_id == StripeMovement.parent_id)
        .where(
            StripeMovement.matched_id.is_(None),
            StripeMovement.category.in_(DISPUTES),
            StripeMovement.moved_at < before,
        )
        .order_by(StripeMovement.moved_at, StripeMovement.id)
    )
    for row, order_id, number in db.session.execute(query):
        done = "withdrew" if row.paid_cents < 0 else "gave back"
        order = f" of order {number}" if number else ""
        yield Difference(
            f"dispute:{row.id}", FindingKind.DISPUTE_UNKNOWN,
            f"Stripe {done} {money(abs(row.paid_cents), row.paid_currency)}{order} for a dispute"
            f" ({row.source_id}), which isn’t booked here.",
            row.source_id, row.paid_cents, row.paid_currency, order_id,
        )  # fmt: skip


def disputes_differ(before: datetime) -> Iterator[Difference]:
    """Find movements of disputes that Stripe's books don't have, or in another amount."""
    at_stripe = StripeMovement.paid_cents
    query = (
        select(DisputeMovement, Dispute, at_stripe)
        .join(Dispute, Dispute.id == DisputeMovement.dispute_id)
        .outerjoin(StripeMovement, StripeMovement.id == DisputeMovement.balance_transaction_id)
        .where(
            DisputeMovement.moved_at < before,
            or_(at_stripe.is_(None), func.abs(at_stripe) != func.abs(DisputeMovement.amount_cents)),
        )
        .order_by(DisputeMovement.id)
    )
    for booked, dispute, moved in db.session.execute(query):
        cents, currency = booked.amount_cents, dispute.currency
        yield Difference(
            f"moved:{booked.id.hex}", FindingKind.DISPUTE_DIFFERS,
            f"{money(cents, currency)} is booked for a dispute, but Stripe moved"
            f" {money(moved or 0, currency)} ({dispute.stripe_dispute_id}).",
            dispute.stripe_dispute_id, (moved or 0) - cents, currency, dispute.order_id,
        )  # fmt: skip

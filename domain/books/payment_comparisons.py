"""Comparisons of what Stripe received and paid back with orders and refunds."""

from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import and_, case, func, or_, select

from domain.base.money import money
from domain.books.differences import Difference
from domain.books.matching import CHARGES, REFUNDS
from models import FindingKind, MatchedKind, Order, Refund, RefundStatus, StripeMovement, db

UNDONE = (RefundStatus.FAILED, RefundStatus.CANCELED)
_paid = func.coalesce(func.sum(StripeMovement.paid_cents), 0)
_currency = func.max(StripeMovement.paid_currency)
_count = func.count(StripeMovement.id)


def unknown_payments(before: datetime) -> Iterator[Difference]:
    """Find payments that belong to no order here."""
    query = select(StripeMovement).where(
        StripeMovement.matched_id.is_(None),
        StripeMovement.category.in_(CHARGES),
        StripeMovement.moved_at < before,
    )
    for row in db.session.scalars(query.order_by(StripeMovement.moved_at, StripeMovement.id)):
        amount = money(row.paid_cents, row.paid_currency)
        yield Difference(
            f"payment:{row.id}", FindingKind.PAYMENT_UNKNOWN,
            f"Stripe received {amount} ({row.source_id}), which belongs to no order here.",
            row.source_id, row.paid_cents, row.paid_currency,
        )  # fmt: skip


def payments_of_orders(before: datetime) -> Iterator[Difference]:
    """Find paid orders whose payment is missing at Stripe, or is another amount or currency there."""
    its_payment = and_(
        StripeMovement.matched_id == Order.id,
        StripeMovement.matched_kind == MatchedKind.ORDER,
        StripeMovement.parent_id == Order.stripe_payment_intent_id,
    )
    wrong = or_(_paid != Order.total_cents, func.coalesce(_currency, Order.currency) != Order.currency)
    query = (
        select(
            Order.id, Order.number, Order.total_cents, Order.currency, Order.stripe_payment_intent_id,
            _count, _paid, _currency,
        )
        .outerjoin(StripeMovement, its_payment)
        .where(
            Order.completed_at < before, Order.total_cents > 0, Order.stripe_payment_intent_id.is_not(None)
        )
        .group_by(Order.id)
        .having(wrong)
        .order_by(Order.number)
    )  # fmt: skip
    for id_, number, total, currency, payment, count, paid, paid_in in db.session.execute(query):
        kind, sentence = FindingKind.PAYMENT_MISSING, "Stripe’s books show no payment for it."
        if count:
            times = f" in {count} payments" if count > 1 else ""
            kind, sentence = FindingKind.PAYMENT_DIFFERS, f"Stripe received {money(paid, paid_in)}{times}."
        said = f"Order {number} was paid with {money(total, currency)}, but {sentence}"
        yield Difference(f"order:{id_.hex}", kind, said, payment or "", int(paid) - total, currency, id_)


def unknown_refunds(before: datetime) -> Iterator[Difference]:
    """Find refunds made at Stripe that aren't recorded here."""
    query = (
        select(StripeMovement.source_id, _paid, _currency, Order.id, Order.number)
        .outerjoin(Order, Order.stripe_payment_intent_id == StripeMovement.parent_id)
        .where(
            StripeMovement.matched_id.is_(None),
            StripeMovement.category.in_(REFUNDS),
            StripeMovement.moved_at < before,
        )
        .group_by(StripeMovement.source_id, Order.id, Order.number)
        .having(_paid != 0)
        .order_by(StripeMovement.source_id)
    )
    for source, paid, currency, order_id, number in db.session.execute(query):
        order = f" of order {number}" if number else ""
        yield Difference(
            f"refund:{source}", FindingKind.REFUND_UNKNOWN,
            f"Stripe paid back {money(-paid, currency)}{order} ({source}), which isn’t recorded here.",
            source, int(paid), currency, order_id,
        )  # fmt: skip


def refunds_differ(before: datetime) -> Iterator[Difference]:
    """Find decided refunds that Stripe didn't pay back, or not that much, or kept although they failed."""
    due = case((Refund.status.in_(UNDONE), 0), else_=-Refund.amount_cents)
    query = (
        select(
            Refund.id, Refund.stripe_refund_id, due, Refund.currency, _paid, _currency, Order.id, Order.number
        )
        .join(Order, Order.id == Refund.order_id)
        .outerjoin(
            StripeMovement,
            and_(StripeMovement.matched_id == Refund.id, StripeMovement.matched_kind == MatchedKind.REFUND),
        )
        .where(
            Refund.status.in_((RefundStatus.SUCCEEDED, *UNDONE)),
            Refund.amount_cents > 0,
            Refund.decided_at < before,
        )
        .group_by(Refund.id, Order.id)
        .having(or_(_paid != due, func.coalesce(_currency, Refund.currency) != Refund.currency))
        .order_by(Order.number, Refund.id)
    )  # fmt: skip
    for id_, stripe_id, expected, currency, paid, paid_in, order_id, number in db.session.execute(query):
        yield Difference(
            f"booked:{id_.hex}", FindingKind.REFUND_DIFFERS,
            f"A refund of order {number} should be {money(-expected, currency)},"
            f" but Stripe paid back {money(-paid, paid_in or currency)}.",
            stripe_id or "", int(paid) - expected, currency, order_id,
        )  # fmt: skip

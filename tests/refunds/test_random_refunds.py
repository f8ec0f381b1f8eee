"""Random refunds of random orders, made here and at Stripe, in currencies of every exponent.

Answers come late, twice or out of order, and some refunds fail. Whatever happens, `flask ledger check` finds
nothing, and what is booked is what Stripe did not undo. TEST_LONG makes ten thousand orders.
"""

import random
import uuid
from collections import defaultdict
from typing import Any

import pytest
from flask import Flask

from domain import Refused
from domain.base import money
from domain.ledger import checks, order_lock
from domain.ledger.states import BOUGHT
from domain.refunds import requesting, stripe_refunds
from models import AccessGrant, Order, OrderStatus, Purchase, Refund, RefundCause, RefundStatus, db
from payments import StripeRefund
from tests.cast import Cast
from tests.checkout.test_random_orders import CURRENCIES, buy, stock
from tests.effort import times

ORDERS = times(12, -(-10_000 // len(CURRENCIES)))
STEPS = 5  # for each order
UNDONE = (RefundStatus.FAILED, RefundStatus.CANCELED)
WAITING = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)


@pytest.mark.parametrize("currency", CURRENCIES)
def test_the_books_agree_whatever_goes_back(app: Flask, cast: Cast, currency: str) -> None:
    dice = random.Random(f"refunds in {currency}")
    at_stripe: dict[str, StripeRefund] = {}
    with app.test_request_context(method="POST"):
        products, codes = stock(cast, currency, dice)
        for number in range(ORDERS):
            buy(number, currency, products, codes, dice)
            db.session.commit()
        ids = list(db.session.scalars(db.select(Order.id).where(Order.currency == currency)))
        for _ in range(ORDERS * STEPS):
            dice.choice([ask, ask, ask_there, answer, answer, repeat])(dice.choice(ids), at_stripe, dice)
            db.session.commit()
        for refund in db.session.scalars(db.select(Refund).where(Refund.status.in_(WAITING))).all():
            say(refund, "succeeded", at_stripe)
            db.session.commit()
        for name, check in checks.CHECKS.items():
            assert [row for row in check() if "came back" not in row] == [], name
        agrees(at_stripe)
        follows(ids)
        assert len(at_stripe) > ORDERS  # most of what was tried went through


def ask(order_id: uuid.UUID, _at_stripe: dict[str, StripeRefund], dice: random.Random) -> None:
    """Refund some lines, whole or in part; what can't be paid back is refused and changes nothing."""
    order = order_lock.lock(order_id)
    chosen = dice.sample(order.purchases, dice.randrange(1, len(order.purchases) + 1))
    unit = money.step(order.currency)
    gross = {
        line.id: line.left_cents
        if dice.random() < 0.5
        else dice.randrange(0, line.left_cents // unit + 2) * unit
        for line in chosen
    }
    before = amounts(order)
    try:
        requesting.request(order, gross, "Asked for it", dice.choice(list(RefundCause)[2:6]), None)
    except Refused:
        db.session.rollback()
        assert amounts(order_lock.lock(order_id)) == before


def amounts(order: Order) -> list[tuple[Any, ...]]:
    lines = sorted(order.purchases, key=lambda line: line.id)
    return [(line.status, line.refunded_cents, line.returned_tax_cents) for line in lines]


def ask_there(order_id: uuid.UUID, at_stripe: dict[str, StripeRefund], dice: random.Random) -> None:
    """Refund a part of the payment at Stripe, where nobody knows of lines."""
    order = order_lock.lock(order_id)
    if order.stripe_payment_intent_id is None:
        return
    left = sum(line.left_cents for line in order.purchases if line.status in BOUGHT)
    unit = money.step(order.currency)
    cents = dice.randrange(1, left // unit + 3) * unit if dice.random() < 0.7 else left
    made = StripeRefund(
        f"re_{len(at_stripe)}", dice.choice(["pending", "succeeded", "succeeded", "failed"]),
        order.stripe_payment_intent_id, None, cents, order.currency.upper(),
    )  # fmt: skip
    if cents and cents <= left:
        at_stripe[made.id] = made
    assert stripe_refunds.apply(made) is (made.status == "failed" or 0 < cents <= left or cents == 0)


def answer(_order_id: uuid.UUID, at_stripe: dict[str, StripeRefund], dice: random.Random) -> None:
    """Let Stripe decide a refund; the event may come twice."""
    waiting = db.session.scalars(
        db.select(Refund).where(Refund.status.in_(WAITING)).order_by(Refund.id)
    ).all()
    if waiting:
        refund = dice.choice(waiting)
        says = dice.choice(["succeeded", "succeeded", "pending", "requires_action", "failed", "canceled"])
        for _ in range(dice.randrange(1, 3)):
            say(refund, says, at_stripe)


def repeat(_order_id: uuid.UUID, at_stripe: dict[str, StripeRefund], dice: random.Random) -> None:
    """Deliver an old picture of a refund that has been decided: it changes nothing."""
    decided = db.session.scalars(
        db.select(Refund).where(Refund.status.not_in(WAITING), Refund.amount_cents > 0).order_by(Refund.id)
    ).all()
    if decided:
        refund = dice.choice(decided)
        was = refund.status
        say(refund, "pending", {})
        assert refund.status == was


def say(refund: Refund, status: str, at_stripe: dict[str, StripeRefund]) -> None:
    """Deliver Stripe's word on one of our refunds."""
    name = refund.stripe_refund_id or f"re_{refund.id.hex}"
    found = StripeRefund(
        name, status, refund.payment_intent_id, str(refund.id), refund.amount_cents, refund.currency
    )
    at_stripe[name] = found
    assert stripe_refunds.apply(found)


def agrees(at_stripe: dict[str, StripeRefund]) -> None:
    """Check that what is booked of each payment is what Stripe has sent back of it."""
    booked: dict[str, int] = defaultdict(int)
    for refund in db.session.scalars(db.select(Refund).where(Refund.status.not_in(UNDONE))):
        booked[refund.payment_intent_id] += refund.amount_cents
    sent: dict[str, int] = defaultdict(int)
    for found in at_stripe.values():
        if found.status not in UNDONE:
            sent[found.payment_intent or ""] += found.amount
    assert {key: cents for key, cents in booked.items() if cents} == dict(sent)


def follows(ids: list[uuid.UUID]) -> None:
    """Check that orders and access follow their lines."""
    for order_id in ids:
        order = order_lock.lock(order_id)
        went_back = [line for line in order.purchases if line.status == "refunded"]
        if order.status == OrderStatus.REFUNDED:
            assert len(went_back) == len(order.purchases)
        elif order.status == OrderStatus.COMPLETED:
            assert not any(line.refunded_cents for line in order.purchases)
    live = (
        db.select(AccessGrant.id)
        .join(Purchase, Purchase.id == AccessGrant.purchase_id)
        .where(Purchase.status == "refunded", AccessGrant.revoked_at.is_(None))
    )
    assert db.session.scalars(live).all() == []

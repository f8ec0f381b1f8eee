"""Random disputes of random orders: in every order of events, doubled and dropped, the books agree.

TEST_LONG makes ten thousand.
"""

import random

import pytest
from flask import Flask

from domain import Refused
from domain.ledger import order_lock
from domain.refunds import requesting
from models import Order, OrderStatus, Purchase, RefundCause, db
from tests.cast import Cast
from tests.checkout.test_random_orders import buy, stock
from tests.disputes.making import Bank, tell, wrong_books
from tests.effort import times

CURRENCIES = ("eur", "jpy", "kwd")
ORDERS = times(30, 10_000 // len(CURRENCIES))
# What may follow each status, and whether the bank then holds the money.
NEXT = {
    "needs_response": ("under_review", "won", "lost"),
    "under_review": ("won", "lost"),
    "won": ("lost",),
    "lost": ("won", "appeal_needs_response"),
    "appeal_needs_response": ("appeal_under_review", "won", "lost"),
    "appeal_under_review": ("won", "lost"),
}


@pytest.mark.parametrize("currency", CURRENCIES)
def test_the_books_agree_whatever_is_disputed(app: Flask, cast: Cast, currency: str) -> None:
    dice = random.Random(f"disputes in {currency}")
    with app.test_request_context(method="POST"):
        products, codes = stock(cast, currency, dice)
        for number in range(ORDERS):
            buy(number, currency, products, codes, dice)
        db.session.commit()
        ids = list(db.session.scalars(db.select(Order.id).where(Order.total_cents > 0).order_by(Order.id)))
        for order_id in ids:
            live(order_id, currency, dice)
        assert wrong_books() == []
        held = db.session.scalars(db.select(Purchase).where(Purchase.disputed_cents > 0))
        assert all(line.status == "completed" for line in held)


def live(order_id: object, currency: str, dice: random.Random) -> None:
    """Refund some of an order, have it disputed, and perhaps refund again."""
    if dice.random() < 0.4:
        refund(order_id, dice)
    order = db.session.get_one(Order, order_id, populate_existing=True)
    if dice.random() < 0.8 and order.status != OrderStatus.REFUNDED:
        be_disputed(order_id, dice)
    if dice.random() < 0.5:
        refund(order_id, dice)


def be_disputed(order_id: object, dice: random.Random) -> None:
    query = db.select(Order).where(Order.id == order_id).options(db.selectinload(Order.purchases))
    order = db.session.scalars(query, execution_options={"populate_existing": True}).one()
    left = sum(line.left_cents for line in order.purchases)
    bank = Bank(order, dice.choice([left, max(1, left // 3), left + 100]), f"dp_{order.id.hex}")
    pictures = [bank.become("needs_response", -1)]
    status, is_held = "needs_response", True
    for _ in range(dice.randrange(6)):
        status = dice.choice(NEXT[status])
        moves = {"won": 1 if is_held else 0, "lost": 0 if is_held else -1}.get(status, 0)
        is_held = is_held if not moves else moves < 0
        pictures.append(bank.become(status, moves))
    for picture in pictures:
        for _ in range(dice.choice([0, 1, 1, 2])):  # dropped, told, told twice
            tell(picture)
    tell(pictures[-1])


def refund(order_id: object, dice: random.Random) -> None:
    order = order_lock.lock(order_id)  # type: ignore[arg-type]
    line = dice.choice(order.purchases)
    cents = line.left_cents if dice.random() < 0.5 else line.left_cents // 2
    try:
        requesting.request(order, {line.id: cents}, "Asked for", RefundCause.ADMIN, None)
        db.session.commit()
    except Refused:
        db.session.rollback()

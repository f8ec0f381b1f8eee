"""`flask ledger check`: right books pass, and each kind of disagreement is found and named."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, text, update

from domain.catalog import pricing
from domain.ledger import checks
from models import AccessGrant, Earning, Order, Purchase, Refund, db
from tests.cast import Cast

COMMAND = ["ledger", "check"]


def test_the_cast_keeps_good_books(app: Flask, cast: Cast) -> None:
    result = app.test_cli_runner().invoke(args=COMMAND)
    assert result.exit_code == 0, result.output
    assert "The books are correct." in result.output


def falsify_order(cast: Cast, **values: Any) -> None:
    db.session.execute(update(Order).where(Order.id == cast.order.id).values(values))


def falsify_purchase(cast: Cast, **values: Any) -> None:
    db.session.execute(update(Purchase).where(Purchase.id == cast.purchase.id).values(values))


def credit_again(cast: Cast) -> None:
    row = db.session.scalars(db.select(Earning)).one()
    again = {c: getattr(row, c) for c in ("creator_id", "purchase_id", "product_id", "available_at")}
    db.session.add(Earning(amount_cents=row.amount_cents, currency="usd", **again))


def send_back(cast: Cast, cents: int) -> None:
    common = {"order_id": cast.order.id, "payment_intent_id": "pi_test_cast", "currency": "usd"}
    db.session.add(Refund(amount_cents=cents, reason="test", **common))


FALSE: dict[str, tuple[Callable[[Cast], Any], str]] = {
    "currency": (lambda c: falsify_purchase(c, currency="eur"), "another currency"),
    "total": (lambda c: falsify_order(c, total_cents=2000), "the total is 2000, its purchases make 1900"),
    "unpaid purchase": (lambda c: falsify_purchase(c, status="pending"), "but its purchase"),
    "unpaid order": (lambda c: falsify_order(c, status="pending"), "LN-TEST-0001 is pending"),
    "no date": (lambda c: falsify_order(c, completed_at=None), "its dates say otherwise"),
    "share": (
        lambda c: falsify_purchase(c, platform_fee_cents=600, creator_amount_cents=1300),
        "the creator's share is 1300, credited is 1330",
    ),
    "credited twice": (credit_again, "usd: paid less fees less earnings leaves -1330"),
    "not credited": (lambda c: db.session.execute(delete(Earning)), "leaves 1330"),
    "shut out": (lambda c: db.session.execute(delete(AccessGrant)), "gives no access"),
    "unpaid access": (
        lambda c: db.session.execute(update(AccessGrant).values(purchase_id=None)),
        "has no completed purchase",
    ),
    "too much back": (lambda c: send_back(c, 1901), "has 1901 sent back of 1900"),
}


@pytest.mark.parametrize("kind", FALSE)
def test_what_disagrees_is_shown(app: Flask, cast: Cast, kind: str) -> None:
    falsify, sentence = FALSE[kind]
    with app.app_context():
        falsify(cast)
        db.session.commit()
    result = app.test_cli_runner().invoke(args=COMMAND)
    assert result.exit_code == 1
    assert "WRONG" in result.output
    assert sentence in result.output


def test_a_refund_within_what_was_paid_is_right(app: Flask, cast: Cast) -> None:
    with app.app_context():
        send_back(cast, 1900)
        db.session.commit()
        assert checks.refunds_were_paid() == []


@pytest.mark.parametrize(
    ("amount", "percent", "fee", "share"),
    [
        (1900, 30, 570, 1330),
        (1, 30, 0, 1),
        (5, 30, 2, 3),
        (1505, 30, 452, 1053),
        (999, 0, 0, 999),
        (999, 100, 999, 0),
        (0, 30, 0, 0),
    ],
)
def test_the_fee_is_rounded_half_up_and_the_rest_is_the_creators(
    amount: int, percent: int, fee: int, share: int
) -> None:
    assert pricing.split(amount, percent) == (fee, share)


def test_the_database_itself_refuses_a_split_that_does_not_add_up(app: Flask, cast: Cast) -> None:
    with app.app_context(), pytest.raises(Exception, match="split_adds_up"):
        db.session.execute(text("UPDATE purchases SET platform_fee_cents = 1"))

"""`flask ledger check`: right books pass, and each kind of disagreement is found and named."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from domain.base import clock
from domain.coupons import amounts
from domain.learning import access
from domain.ledger import refund_checks
from models import (
    AccessGrant,
    Earning,
    EarningStatus,
    GrantSource,
    Order,
    PayoutStatus,
    Purchase,
    PurchaseShare,
    Refund,
    db,
)
from tests.cast import Cast, unguard_earnings
from tests.payouts.making import payout_row

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
    again = {c: getattr(row, c) for c in ("creator_id", "share_id", "available_at", "amount_cents")}
    db.session.add(Earning(key="sale:again", currency="usd", **again))


def falsify_share(**values: Any) -> None:
    db.session.execute(update(PurchaseShare).values(values))


def falsify_earning(**values: Any) -> None:
    unguard_earnings()
    db.session.execute(update(Earning).values(values))


def forget_earnings() -> None:
    unguard_earnings()
    db.session.execute(delete(Earning))


def send_back(cast: Cast, cents: int, currency: str = "usd") -> None:
    common = {"order_id": cast.order.id, "payment_intent_id": "pi_test_cast", "currency": currency}
    db.session.add(Refund(amount_cents=cents, reason="test", cause="double_payment", **common))


def grant_also(cast: Cast) -> None:
    access.grant(cast.bo.id, cast.free_course.id, GrantSource.PURCHASE, cast.purchase.id)


def forget_shares(cast: Cast) -> None:
    """As if a purchase of nothing had none."""
    forget_earnings()
    db.session.execute(delete(PurchaseShare))
    falsify_purchase(cast, amount_cents=0)
    falsify_order(cast, subtotal_cents=0, total_cents=0)


FALSE: dict[str, tuple[Callable[[Cast], Any], str]] = {
    "currency": (lambda c: falsify_purchase(c, currency="eur"), "another currency"),
    "total": (
        lambda c: falsify_order(c, subtotal_cents=2000, total_cents=2000),
        "the total is 2000, its purchases make 1900",
    ),
    "unpaid purchase": (lambda c: falsify_purchase(c, status="pending"), "but its purchase"),
    "unpaid order": (lambda c: falsify_order(c, status="pending"), "LN-TEST-0001 is pending"),
    "no date": (lambda c: falsify_order(c, completed_at=None), "its dates say otherwise"),
    "share": (
        lambda c: falsify_share(platform_fee_cents=600, creator_amount_cents=1300),
        "the creator's share is 1300, credited is 1330",
    ),
    "credited twice": (credit_again, "usd: paid less fees less earnings leaves -1330"),
    "not credited": (lambda c: forget_earnings(), "leaves 1330"),
    "shares": (
        lambda c: falsify_share(amount_cents=1800, creator_amount_cents=1230),
        "does not add up",
    ),
    "no share": (lambda c: falsify_purchase(c, amount_cents=0), "does not add up"),
    "another creator": (lambda c: falsify_earning(creator_id=c.nia.id), "of another currency or creator"),
    "another key": (lambda c: falsify_earning(key="sale:0"), "has the key sale:0"),
    "not the owner's": (lambda c: falsify_purchase(c, owner_id=c.cy.id), "gives no access"),
    "shut out": (lambda c: db.session.execute(delete(AccessGrant)), "gives no access"),
    "unpaid access": (
        lambda c: db.session.execute(update(AccessGrant).values(user_id=c.cy.id)),
        "has no completed purchase",
    ),
    "refunded order": (lambda c: falsify_order(c, status="refunded"), "is refunded, but its purchase"),
    "another course": (lambda c: grant_also(c), "has no completed purchase"),
    "access that ends": (
        lambda c: db.session.execute(update(AccessGrant).values(expires_at=clock.now())),
        "gives no access",
    ),
    "nobody's sale": (lambda c: forget_shares(c), "does not add up"),
    "too much back": (lambda c: send_back(c, 1901), "has 1901 usd sent back of 1900 usd"),
    "back in another currency": (lambda c: send_back(c, 1900, "eur"), "has 1900 eur sent back of 1900 usd"),
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
        assert refund_checks.refunds_were_paid() == []


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
    found = amounts.fee(amount, 0, percent, None)
    assert (found, amount - found) == (fee, share)


def test_the_database_itself_refuses_a_split_that_does_not_add_up(app: Flask, cast: Cast) -> None:
    with app.app_context(), pytest.raises(Exception, match="split_adds_up"):
        db.session.execute(text("UPDATE purchase_shares SET platform_fee_cents = 1"))


@pytest.mark.parametrize(
    "change",
    [
        update(Earning).values(amount_cents=1),
        update(Earning).values(key="sale:0"),
        update(Earning).values(currency="eur"),
        delete(Earning),
    ],
)
def test_the_database_keeps_the_ledger_as_it_was_booked(app: Flask, cast: Cast, change: Any) -> None:
    with app.app_context(), pytest.raises(DBAPIError, match="earnings are never"):
        db.session.execute(change)


def test_what_pays_out_an_earning_may_change(app: Flask, cast: Cast) -> None:
    with app.app_context():
        payout = payout_row(cast.ada.id, 1330, PayoutStatus.PAID)
        db.session.execute(update(Earning).values(status=EarningStatus.PAID, payout_id=payout.id))
        assert db.session.scalars(db.select(Earning.status)).all() == [EarningStatus.PAID]


def test_nothing_is_booked_twice(app: Flask, cast: Cast) -> None:
    with app.app_context():
        row = db.session.scalars(db.select(Earning)).one()
        again = {c: getattr(row, c) for c in ("key", "creator_id", "share_id", "available_at", "currency")}
        db.session.add(Earning(amount_cents=row.amount_cents, **again))
        with pytest.raises(IntegrityError):
            db.session.flush()

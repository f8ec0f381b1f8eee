"""Who is told of a refund."""

from flask import Flask
from sqlalchemy import select

from domain.refunds import stripe_refunds
from models import Notification, NotificationKind, Purchase, Refund, User, db
from payments import StripeRefund
from tests.cast import Cast


def refund(app: Flask, cast: Cast, refunded_cents: int = 0) -> None:
    with app.app_context():
        row = Refund(
            order_id=cast.order.id, payment_intent_id="pi_2", amount_cents=1900, currency="usd",
            reason="Paid twice", stripe_refund_id="re_1",
        )  # fmt: skip
        db.session.add(row)
        db.session.get_one(Purchase, cast.purchase.id).refunded_cents = refunded_cents
        db.session.commit()
        for status in ("pending", "succeeded", "succeeded"):
            stripe_refunds.apply(
                StripeRefund(
                    id="re_1",
                    status=status,
                    payment_intent="pi_2",
                    our_id=str(row.id),
                    amount=1900,
                    currency="usd",
                )
            )
            db.session.commit()


def told(app: Flask) -> dict[str, str]:
    with app.app_context():
        rows = db.session.execute(
            select(User.name, Notification.title)
            .join(User, User.id == Notification.user_id)
            .where(Notification.kind == NotificationKind.REFUND)
        ).all()
        assert len(rows) == len(dict(rows))
        return dict(rows)


def test_the_buyer_is_told_once_that_the_money_was_sent(app: Flask, cast: Cast) -> None:
    refund(app, cast)
    assert told(app) == {"Bo": "Your refund for order LN-TEST-0001 is on its way"}


def test_the_creator_is_told_when_it_takes_earnings_back(app: Flask, cast: Cast) -> None:
    refund(app, cast, refunded_cents=1900)
    assert told(app)["Ada"] == "A sale of “Flask, first steps” was refunded"

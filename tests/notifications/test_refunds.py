"""Who is told of a refund."""

from flask import Flask
from sqlalchemy import select

from domain.ledger import order_lock
from domain.refunds import booking, stripe_refunds
from models import Notification, NotificationKind, Refund, RefundLine, User, db
from payments import StripeRefund
from tests.cast import Cast


def refund(app: Flask, cast: Cast, *, bought: bool = False) -> None:
    """Have Stripe refund a second payment, or (`bought`) what Bo has bought."""
    with app.test_request_context(method="POST"):
        row = Refund(
            cause="double_payment",
            order_id=cast.order.id, payment_intent_id="pi_2", amount_cents=1900, currency="usd",
            reason="Paid twice", stripe_refund_id="re_1", lines=[],
        )  # fmt: skip
        if bought:
            amounts = {"net_cents": 1900, "tax_cents": 0, "gross_cents": 1900}
            row.lines.append(RefundLine(purchase_id=cast.purchase.id, **amounts))
        db.session.add(row)
        db.session.flush()
        booking.book(row, order_lock.lock(cast.order.id))
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
    refund(app, cast, bought=True)
    assert told(app)["Ada"] == "A sale of “Flask, first steps” was refunded"

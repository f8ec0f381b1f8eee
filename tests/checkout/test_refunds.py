"""Refunds of ours: two answers about one at the same moment, or in the wrong order, count once."""

import uuid
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from domain.ledger import order_lock
from domain.refunds import stripe_refunds
from models import AuditEntry, Order, Refund, RefundStatus, db
from payments import StripeRefund
from tests.cast import Cast


@pytest.fixture
def sent(app: Flask, cast: Cast) -> Any:
    """A refund that was asked for, and what Stripe says of it."""
    with app.app_context():
        row = Refund(
            cause="double_payment",
            order_id=cast.order.id, payment_intent_id="pi_twice", amount_cents=1900, currency="usd",
            reason="Paid twice",
        )  # fmt: skip
        db.session.add(row)
        db.session.commit()

        def says(status: str) -> StripeRefund:
            return StripeRefund("re_1", status, "pi_twice", str(row.id), 1900, "usd")

        yield says


def recorded() -> int | None:
    entries = select(func.count()).where(AuditEntry.action == "refund_succeeded")
    return db.session.scalar(entries)


def status() -> RefundStatus | None:
    return db.session.scalar(select(Refund.status))


def meanwhile(monkeypatch: pytest.MonkeyPatch, **values: Any) -> None:
    """Have somebody else write `values` into the refund while we wait for its order's lock."""
    real = order_lock.lock

    def lock(order_id: uuid.UUID) -> Order:
        db.session.connection().execute(update(Refund.__table__).values(values))  # type: ignore[arg-type]
        return real(order_id)

    monkeypatch.setattr(order_lock, "lock", lock)


def test_a_refund_that_another_event_ended_while_we_waited_is_told_once(
    sent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, status="succeeded", stripe_refund_id="re_1")
    assert stripe_refunds.apply(sent("succeeded"))
    assert (recorded(), status()) == (0, RefundStatus.SUCCEEDED)


def test_a_row_that_another_refund_took_while_we_waited_is_not_ours(
    sent: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    meanwhile(monkeypatch, stripe_refund_id="re_0")
    assert stripe_refunds.apply(sent("succeeded")) is False
    assert status() == RefundStatus.PENDING


def test_a_refusal_undoes_no_refund_that_went_through(sent: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    request = stripe_refunds.begin(sent("pending").our_id)
    assert request is not None
    meanwhile(monkeypatch, status="succeeded", stripe_refund_id="re_1")
    stripe_refunds.end(request, "It is refunded already.")
    assert status() == RefundStatus.SUCCEEDED


def test_an_older_answer_undoes_no_newer_one(sent: Any) -> None:
    """The answer to our request may come after the event that it brought about."""
    stripe_refunds.apply(sent("succeeded"))
    stripe_refunds.apply(sent("pending"))
    stripe_refunds.apply(sent("succeeded"))
    assert (recorded(), status()) == (1, RefundStatus.SUCCEEDED)
    stripe_refunds.apply(sent("failed"))
    stripe_refunds.apply(sent("succeeded"))
    assert (recorded(), status()) == (1, RefundStatus.FAILED)

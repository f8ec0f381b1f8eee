"""What comes from Stripe about transfers: events, transfers of others, and money that is taken back."""

import pytest
from flask import Flask
from sqlalchemy import select

import jobs
from domain import Refused
from domain.base import clock
from domain.payouts import adjusting, reversing, settling
from models import AuditEntry, Earning, Job, PayoutStatus, StripeEvent, User, db
from stripe_sandbox import transfers
from stripe_sandbox.testing import RunningSandbox
from tests.cast import Cast
from tests.payouts import making


def admin(cast: Cast) -> User:
    return db.session.get_one(User, cast.mo.id)


def deliver(app: Flask, stripe: RunningSandbox, type: str) -> StripeEvent:
    """Post the last event of a type to the shop and have the worker handle it."""
    event = stripe.last_event(type)
    body, headers = stripe.signed(event)
    assert app.test_client().post("/stripe/webhook", data=body, headers=headers).status_code == 204
    jobs.run_all()
    return db.session.get_one(StripeEvent, event["id"])


def test_an_event_settles_what_is_unknown(app: Flask, cast: Cast, stripe: RunningSandbox) -> None:
    stripe.secrets = ["whsec_tests"]
    making.able(stripe, cast.ada)
    stripe.fault("execute_then_drop", "POST /v1/transfers", times=3)
    (payout,) = making.run()
    assert payout.status == PayoutStatus.PENDING
    deliver(app, stripe, "transfer.created")
    db.session.refresh(payout)
    assert payout.status == PayoutStatus.PAID
    with stripe.engine.store.transaction():
        transfers.reverse(stripe.engine, stripe.engine.get("transfer", payout.stripe_transfer_id), 330, {})
    for _ in range(2):
        event = deliver(app, stripe, "transfer.reversed")
        assert (event.problem, event.error) == (None, None)
    db.session.refresh(payout)
    assert payout.reversed_cents == 330
    assert adjusting.balance_cents(cast.ada.id, "usd") == 330


def test_money_is_taken_back_once(cast: Cast, stripe: RunningSandbox) -> None:
    making.able(stripe, cast.ada)
    (payout,) = making.run()
    for cents, reason in ((0, "No"), (1331, "Too much"), (100, "")):
        with pytest.raises(Refused):
            reversing.request(payout, cents, reason, admin(cast))
        db.session.rollback()
    stripe.fault("execute_then_drop", "POST /v1/transfers/*/reversals", times=3)
    reversing.request(payout, 1000, "They owe us", admin(cast))
    db.session.commit()
    jobs.run_all()
    with pytest.raises(Refused, match="still asked"):
        reversing.request(payout, 100, "More", admin(cast))
    db.session.rollback()
    for job in db.session.scalars(select(Job).where(Job.kind == "reverse_transfer")):
        job.run_after = clock.now()
    db.session.commit()
    jobs.run_all()
    db.session.refresh(payout)
    assert (payout.reversed_cents, payout.status) == (1000, PayoutStatus.PAID)
    assert stripe.all("transfer")[0]["amount_reversed"] == 1000
    line = db.session.scalars(select(Earning).where(Earning.key.startswith("adjust:"))).one()
    assert (line.amount_cents, line.note) == (1000, settling.REVERSED)
    second = making.run()[1]
    assert second.amount_cents == 1000


def test_a_refused_reversal_changes_nothing(cast: Cast, stripe: RunningSandbox) -> None:
    account = making.able(stripe, cast.ada)
    (payout,) = making.run()
    stripe.bank_receives(account.stripe_account_id)
    reversing.request(payout, 1000, "They owe us", admin(cast))
    db.session.commit()
    jobs.run_all()
    db.session.refresh(payout)
    assert (payout.reversal_cents, payout.reversed_cents) == (0, 0)
    actions = select(AuditEntry.action).where(AuditEntry.action == "reversal_refused")
    assert len(db.session.scalars(actions).all()) == 1
    assert adjusting.balance_cents(cast.ada.id, "usd") == 0

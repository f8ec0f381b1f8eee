"""Transfers to creators in Stripe's books and ours."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from cli.ledger import read_on
from domain.base import clock
from domain.books import findings, journal
from models import BooksFinding, FindingKind, Order, Payout, StripeMovement, db
from stripe_sandbox import transfers
from stripe_sandbox.testing import RunningSandbox
from tests.books.test_journal import totals
from tests.cast import Cast
from tests.payouts import making
from tests.payouts.conftest import stripe

__all__ = ["stripe"]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> None:
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=5))


def check(stripe: RunningSandbox) -> list[BooksFinding]:  # noqa: F811
    """Compare with Stripe; the cast's own order was never paid there, and no object stands for its funds."""
    with stripe.engine.store.transaction():
        stripe.engine.store.run(
            "UPDATE objects SET body = json_set(body, '$.source', NULL) WHERE body LIKE '%\"topup\"%'"
        )
    db.session.execute(update(Order).values(stripe_payment_intent_id=None))
    db.session.commit()
    read_on()
    return findings.listed_open()


def test_a_payout_and_its_reversal_agree(app: Flask, cast: Cast, stripe: RunningSandbox, later: None) -> None:  # noqa: F811
    making.able(stripe, cast.ada)
    (payout,) = making.run()
    with stripe.engine.store.transaction():
        transfers.reverse(stripe.engine, stripe.engine.get("transfer", payout.stripe_transfer_id), 330, {})
    (found,) = [one for one in _aged(stripe) if one.kind == FindingKind.TRANSFER_DIFFERS]
    assert (found.creator_id, found.amount_cents) == (cast.ada.id, 330)
    db.session.execute(update(Payout).values(reversed_cents=330, reversal_cents=330))
    db.session.commit()
    assert _aged(stripe) == []
    assert db.session.scalars(select(StripeMovement.matched_kind).distinct()).all()
    # What was earned was paid; what came back is booked as an adjustment, which is left out here.
    assert totals()[journal.CREATORS.name] == 0


def test_a_transfer_of_others_is_found(app: Flask, cast: Cast, stripe: RunningSandbox, later: None) -> None:  # noqa: F811
    making.able(stripe, cast.ada)
    (payout,) = making.run()
    db.session.execute(update(Payout).values(stripe_transfer_id="tr_other"))
    db.session.commit()
    kinds = {one.kind for one in _aged(stripe)}
    assert kinds == {FindingKind.TRANSFER_UNKNOWN, FindingKind.TRANSFER_DIFFERS}


def _aged(stripe: RunningSandbox) -> list[BooksFinding]:  # noqa: F811
    """What the check finds once the payout is two hours old."""
    db.session.execute(update(Payout).values(updated_at=clock.now() - timedelta(hours=2)))
    db.session.commit()
    return check(stripe)

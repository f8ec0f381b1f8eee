"""Disputes at the sandbox: events in any order, doubled or lost, the sweep, and the same state in the end."""

import random

import pytest

import jobs
from models import FraudWarning, Job, Order, StripeEvent, db
from tests.cast import Cast
from tests.checkout.shop import Shop
from tests.disputes.bought import at_stripe, buy, charge_of, disputes

PRICE, SHARE = 1900, 1330


def state_of(shop: Shop) -> tuple[str, list[int], str]:
    """Our dispute's status and movements, and the order's status."""
    (dispute,) = disputes(shop)
    moved = [movement.amount_cents for movement in dispute.movements]
    with shop.app.app_context():
        order = shop.count(Order, Order.id == dispute.order_id, Order.status == "refunded")
    return dispute.status, moved, "refunded" if order else "not refunded"


@pytest.mark.parametrize("seed", range(4))
def test_events_in_any_order_and_doubled_lead_to_stripes_state(shop: Shop, cast: Cast, seed: int) -> None:
    order = buy(shop, cast)
    found = shop.stripe.dispute(charge_of(shop, order))
    shop.stripe.change_dispute(found["id"], "under_review")
    shop.stripe.decide(found["id"], won=True)
    shop.stripe.change_dispute(found["id"], "lost")
    events = [one["id"] for one in shop.stripe.events() if one["type"].startswith("charge.dispute.")]
    dice = random.Random(seed)
    told = dice.choices(events, k=2 * len(events))
    for event_id in told:
        assert shop.post(*shop.stripe.signed(event_id)) == 204
        shop.work()
    assert state_of(shop) == ("lost", [-PRICE, PRICE, -PRICE], "refunded")
    assert shop.wrong_books() == []


def test_a_lost_event_is_found_by_the_sweep(shop: Shop, cast: Cast) -> None:
    order = buy(shop, cast)
    found = shop.stripe.dispute(charge_of(shop, order))
    sweep(shop)
    assert state_of(shop) == ("needs_response", [-PRICE], "not refunded")
    shop.stripe.decide(found["id"], won=False)
    sweep(shop)
    assert state_of(shop) == ("lost", [-PRICE], "refunded")
    before = shop.stripe.requests("GET", f"/v1/disputes/{found['id']}")
    sweep(shop)
    assert len(shop.stripe.requests("GET", f"/v1/disputes/{found['id']}")) == len(before)


def sweep(shop: Shop) -> None:
    """Let the worker list Stripe's disputes now, whatever it did before in this hour."""
    with shop.app.app_context():
        db.session.execute(db.delete(Job).where(Job.kind == "sync_dispute"))
        jobs.enqueue("sweep_disputes")
        db.session.commit()
    shop.work()


def test_a_dispute_of_a_payment_from_elsewhere_raises_an_alert(shop: Shop) -> None:
    shop.falsified = True  # the alert waits for an admin
    charge = shop.stripe.pay_unasked()
    shop.stripe.dispute(charge["id"])
    shop.hear()
    assert disputes(shop) == []
    told = shop.count(StripeEvent, StripeEvent.problem.contains("disputes the payment"))
    assert told == 1


def test_a_warning_of_fraud_is_kept_and_raises_an_alert_once(shop: Shop, cast: Cast) -> None:
    shop.falsified = True  # the alert waits for an admin
    order = buy(shop, cast)
    shop.stripe.warn_of_fraud(charge_of(shop, order))
    shop.hear()
    shop.hear()
    (mail,) = shop.alerts()
    assert "made with stolen card" in mail.data["problem"]
    shop.stripe.dispute(charge_of(shop, order))
    shop.hear()
    assert shop.count(FraudWarning, FraudWarning.is_actionable.is_(False)) == 1
    assert len(shop.alerts()) == 1


def test_an_inquiry_leaves_everything_as_it_is(shop: Shop, cast: Cast) -> None:
    order = buy(shop, cast)
    found = shop.stripe.dispute(charge_of(shop, order), status="warning_needs_response")
    shop.hear()
    assert state_of(shop) == ("warning_needs_response", [], "not refunded")
    shop.stripe.change_dispute(found["id"], "warning_closed")
    shop.hear()
    assert state_of(shop) == ("warning_closed", [], "not refunded")
    assert at_stripe(shop, found["id"])["balance_transactions"] == []

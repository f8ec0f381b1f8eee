"""What nobody told us, we ask for: open orders, lost events, refunds under way."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import jobs
from domain.base import clock
from models import Job, JobState, Order, OrderStatus, RefundStatus, StripeEvent, db
from tests.cast import Cast
from tests.checkout.shop import NOTHING, ONCE, Shop

COMPLETED = "checkout.session.completed"
SESSIONS = "/v1/checkout/sessions/"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Move the clock of our rules forward."""
    real = clock.now
    return lambda step: monkeypatch.setattr(clock, "now", lambda: real() + step)


def sweep(shop: Shop, kind: str = "sweep_payments") -> None:
    with shop.database():
        jobs.enqueue(kind)
    shop.work()


def test_the_schedule_has_the_sweep_and_the_listing(shop: Shop) -> None:
    with shop.database():
        jobs.plan_schedule(datetime(2026, 11, 21, 10, 0, tzinfo=UTC))
    kinds = {"sweep_payments", "list_stripe_events"}
    assert shop.count(Job, Job.kind.in_(kinds), Job.state == JobState.QUEUED) == 2


def test_a_young_order_is_left_alone(shop: Shop, cast: Cast) -> None:
    shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    sweep(shop)
    assert shop.effects(cast.cy, cast.flask_course) == NOTHING


def test_the_sweep_finishes_what_was_paid(shop: Shop, cast: Cast, later: Callable[[timedelta], None]) -> None:
    shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    later(timedelta(minutes=4))
    sweep(shop)
    sweep(shop)
    assert shop.effects(cast.cy, cast.flask_course) == ONCE


def test_an_abandoned_checkout_is_asked_about_less_and_less(
    shop: Shop, cast: Cast, later: Callable[[timedelta], None]
) -> None:
    session_id = shop.open(shop.signed_in(cast.cy), cast.flask_course)

    def asked() -> int:
        return len(shop.stripe.requests("GET", SESSIONS + session_id))

    start = clock.now()
    five_minutes, hour = (size - start.timestamp() % size for size in (300, 3600))
    later(timedelta(seconds=five_minutes, minutes=5))
    sweep(shop)
    sweep(shop)
    assert asked() == 1
    later(timedelta(seconds=hour, hours=2))
    sweep(shop)
    later(timedelta(seconds=hour, hours=2, minutes=50))
    sweep(shop)
    assert asked() == 2
    assert shop.order(session_id).status == OrderStatus.PENDING


def test_an_order_whose_session_stripe_forgot_is_closed(
    shop: Shop, cast: Cast, later: Callable[[timedelta], None]
) -> None:
    session_id = shop.open(shop.signed_in(cast.cy), cast.flask_course)
    shop.stripe.reset()
    later(timedelta(minutes=5))
    sweep(shop)
    assert shop.order(session_id).status == OrderStatus.CANCELLED


def test_an_order_that_never_reached_stripe_is_closed_after_a_day(
    shop: Shop, cast: Cast, later: Callable[[timedelta], None]
) -> None:
    shop.stripe.fault("503", "POST /v1/checkout/sessions", times=3)
    shop.click(shop.signed_in(cast.cy), cast.flask_course)
    mine = (Order.user_id == cast.cy.id,)
    later(timedelta(hours=24))
    sweep(shop)
    assert shop.count(Order, *mine, Order.status == OrderStatus.PENDING) == 1
    later(timedelta(hours=26))
    sweep(shop)
    assert shop.count(Order, *mine, Order.status == OrderStatus.CANCELLED) == 1


def test_lost_events_are_listed_and_handled(shop: Shop, cast: Cast) -> None:
    shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    sweep(shop, "list_stripe_events")
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    assert shop.events() == 3  # the session, its payment and its charge


def test_listing_goes_on_from_the_last_listing(shop: Shop, cast: Cast) -> None:
    sweep(shop, "list_stripe_events")
    sweep(shop, "list_stripe_events")
    queries = [call.query for call in shop.stripe.requests("GET", "/v1/events")]
    since = [int(query.split("gte%5D=")[1].split("&")[0]) for query in (queries[0], queries[-1])]
    assert since[1] - since[0] == pytest.approx(timedelta(days=30, hours=-1).total_seconds(), abs=5)


def test_an_event_whose_job_died_is_tried_again(
    shop: Shop, cast: Cast, later: Callable[[timedelta], None]
) -> None:
    shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    event = shop.stripe.last_event(COMPLETED)["id"]
    shop.stripe.deliver(event)
    with shop.database() as session:
        job = session.scalars(db.select(Job).where(Job.unique_key == f"stripe_event:{event}")).one()
        job.state, job.attempts = JobState.DEAD, 10
    later(timedelta(minutes=3))
    sweep(shop)
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    with shop.database() as session:
        assert session.get(StripeEvent, event).attempts == 1


def test_a_pending_refund_is_followed_to_its_end(
    shop: Shop, cast: Cast, later: Callable[[timedelta], None]
) -> None:
    cy = shop.signed_in(cast.cy)
    first = shop.open(cy, cast.flask_course)
    with shop.database() as session:
        session.execute(db.update(Order).where(Order.stripe_session_id == first).values(status="cancelled"))
    second = shop.open(cy, cast.flask_course)
    shop.stripe.pay(first)
    shop.stripe.pay(second)
    shop.stripe.fault("refund_pending", "POST /v1/refunds")
    shop.hear(COMPLETED)
    (refund,) = shop.refunds()
    assert (refund.status, bool(refund.stripe_refund_id)) == (RefundStatus.PENDING, True)
    assert "is being refunded" in shop.back(cy, second).text
    shop.stripe.settle_refund(refund.stripe_refund_id or "")
    later(timedelta(hours=2))
    sweep(shop)
    assert shop.refunds()[0].status == RefundStatus.SUCCEEDED
    assert shop.order(second).status == OrderStatus.REFUNDED
    shop.stripe.settle_refund(refund.stripe_refund_id or "", ok=False)
    shop.hear("refund.failed")
    assert shop.refunds()[0].status == RefundStatus.FAILED
    order = shop.order(second)
    assert order.status == OrderStatus.FAILED
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    assert "the money came back" in (order.problem or "")
    assert [row for row in shop.wrong_books() if "the money came back" in row] != []
    shop.signed_in(cast.mo).post(f"/admin/orders/{order.number}/looked-at", data={"note": "Sent by bank."})


def test_without_a_key_nobody_is_asked(shop: Shop) -> None:
    shop.app.config["SETTINGS"] = replace(shop.app.config["SETTINGS"], stripe_secret_key="")
    sweep(shop)
    sweep(shop, "list_stripe_events")
    asked = Job.kind.in_(("sweep_payments", "list_stripe_events"))
    assert shop.count(Job, Job.state == JobState.DONE, asked) == 2
    assert shop.stripe.requests() == []

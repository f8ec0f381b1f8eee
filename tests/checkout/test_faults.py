"""What Stripe, the network and the buyer may do to a purchase, numbered as in the list of faults."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import select, update

import jobs
import mail
from domain.base import clock
from models import Course, Order, OrderStatus, Product, RefundStatus, StripeEvent
from stripe_sandbox.signing import sign
from tests.cast import Cast
from tests.checkout.shop import NOTHING, ONCE, Shop, at_once, split_of

COMPLETED = "checkout.session.completed"


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Move the clock of our rules forward."""
    real = clock.now
    return lambda step: monkeypatch.setattr(clock, "now", lambda: real() + step)


def test_fault_01_completed_delivered_five_times_at_once(shop: Shop, cast: Cast) -> None:
    shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    event = shop.stripe.last_event(COMPLETED)["id"]
    assert shop.stripe.deliver(event, times=5, parallel=True) == [204] * 5
    at_once(*[shop.work] * 3)
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    assert shop.events() == 1


def test_fault_03_the_buyer_returns_before_any_webhook(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.buy(cy, cast.flask_course)
    assert "is yours" in shop.back(cy, session_id).text
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE


def test_fault_04_the_buyer_never_returns(shop: Shop, cast: Cast) -> None:
    session_id = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    assert shop.order(session_id).status == OrderStatus.COMPLETED


def test_fault_05_the_webhook_was_down_for_three_days(
    shop: Shop, cast: Cast, later: Callable[[timedelta], None]
) -> None:
    paid = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    left = shop.open(shop.signed_in(cast.nia), cast.flask_course)
    shop.stripe.clock.advance(days=3)
    later(timedelta(days=3))
    with shop.database():
        jobs.enqueue("sweep_payments")
        jobs.enqueue("list_stripe_events")
    shop.work()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    assert shop.order(paid).status == OrderStatus.COMPLETED
    assert shop.order(left).status == OrderStatus.CANCELLED
    seen = shop.events()
    assert seen == 4  # two sessions, and the payment of one with its charge
    shop.hear(COMPLETED, "checkout.session.expired")
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    assert shop.events() == seen


def test_fault_06_the_handler_crashes_after_the_grant(
    shop: Shop, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    event = shop.stripe.last_event(COMPLETED)["id"]
    real, crashes = mail.receipt, iter([True])

    def crash_once(*args: Any) -> Any:
        if next(crashes, False):
            raise RuntimeError("the lights went out")
        return real(*args)

    monkeypatch.setattr(mail, "receipt", crash_once)
    shop.stripe.deliver(event)
    shop.work()
    assert shop.effects(cast.cy, cast.flask_course) == NOTHING
    shop.stripe.deliver(event)
    shop.work()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE


def test_fault_07_a_failed_event_is_no_duplicate(shop: Shop, cast: Cast) -> None:
    shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    event = shop.stripe.last_event(COMPLETED)["id"]
    shop.stripe.fault("503", "GET /v1/checkout/sessions/*", times=3)
    shop.stripe.deliver(event)
    shop.work()
    with shop.database() as db:
        row = db.get(StripeEvent, event)
        assert (row.processed_at, row.attempts) == (None, 1)
        assert "PaymentUnavailable" in row.error
    shop.stripe.deliver(event)
    shop.work()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    with shop.database() as db:
        row = db.get(StripeEvent, event)
        assert row.processed_at is not None
        assert (row.attempts, row.error) == (2, None)


def test_fault_08_a_slow_payment_arrives_days_later(
    shop: Shop, cast: Cast, later: Callable[[timedelta], None]
) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.buy(cy, cast.flask_course, "later_succeeds")
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == NOTHING
    order = shop.order(session_id)
    assert order.status == OrderStatus.PENDING
    assert order.confirming_since is not None
    assert len(shop.mails("payment_pending", cast.cy)) == 1
    assert "Your bank is processing" in shop.back(cy, session_id).text
    again = shop.click(cy, cast.flask_course)
    assert again.headers["Location"] == f"/orders/{order.number}"
    assert "Please don’t pay again" in cy.get(again.headers["Location"]).text
    later(timedelta(days=3))
    shop.stripe.clock.advance(days=3)
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    paid = shop.order(session_id)
    assert paid.completed_at is not None
    assert paid.completed_at - paid.created_at > timedelta(days=2, hours=23)
    assert paid.confirming_since is None


def test_fault_10_a_slow_payment_fails(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.buy(cy, cast.flask_course, "later_fails")
    shop.hear()
    shop.stripe.settle(session_id, ok=False)
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == NOTHING
    assert shop.order(session_id).status == OrderStatus.FAILED
    assert len(shop.mails("payment_failed", cast.cy)) == 1
    assert "didn’t go through" in shop.back(cy, session_id).text
    second = shop.buy(cy, cast.flask_course)
    assert second != session_id
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE


def test_fault_14_the_price_rises_while_the_session_is_open(shop: Shop, cast: Cast) -> None:
    session_id = shop.open(shop.signed_in(cast.cy), cast.flask_course)
    reprice(shop, cast.flask_course, 2500)
    shop.stripe.pay(session_id)
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    (purchase,) = shop.order(session_id).purchases
    assert (purchase.amount_cents, split_of(purchase)) == (1900, [(570, 1330)])


@pytest.mark.parametrize("change", [{"subtotal_cents": 100, "total_cents": 100}, {"currency": "eur"}])
def test_fault_15_session_and_order_disagree(shop: Shop, cast: Cast, change: dict[str, Any]) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.open(cy, cast.flask_course)
    shop.falsified = True
    with shop.database() as db:
        db.execute(update(Order).where(Order.stripe_session_id == session_id).values(change))
    shop.stripe.pay(session_id)
    shop.hear()
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == NOTHING
    order = shop.order(session_id)
    assert order.status == OrderStatus.PENDING
    assert order.problem is not None
    assert [m.recipient for m in shop.alerts()] == ["hello@example.com"]
    assert "We’re looking into your order" in shop.back(cy, session_id).text
    assert shop.click(cy, cast.flask_course).headers["Location"] == f"/orders/{order.number}"


def test_fault_16_a_double_click_opens_one_session(shop: Shop, cast: Cast) -> None:
    tabs = [shop.signed_in(cast.cy), shop.signed_in(cast.cy)]
    answers = at_once(*[partial(shop.click, tab, cast.flask_course) for tab in tabs])
    assert len({shop.session_in(answer) for answer in answers}) == 1
    assert len(shop.stripe.all("checkout.session")) == 1
    assert shop.count(Order, Order.user_id == cast.cy.id) == 1


def test_fault_17_two_orders_for_one_course_are_both_paid(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    first = shop.open(cy, cast.flask_course)
    with shop.database() as db:
        db.execute(update(Order).where(Order.stripe_session_id == first).values(status="cancelled"))
    second = shop.open(cy, cast.flask_course)
    shop.stripe.pay(first)
    shop.stripe.pay(second)
    shop.hear()
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    assert shop.order(first).status == OrderStatus.COMPLETED
    assert shop.order(second).status == OrderStatus.REFUNDED
    check_one_refund(shop, second)
    assert "Paid twice: “Flask, first steps”. $19.00" in shop.back(cy, second).text


def test_fault_17_two_sessions_of_one_order_are_both_paid(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    first = shop.open(cy, cast.flask_course)
    forget = {"stripe_session_id": None, "attempt": 2}
    with shop.database() as db:
        db.execute(update(Order).where(Order.stripe_session_id == first).values(forget))
    second = shop.open(cy, cast.flask_course)
    shop.stripe.pay(second)
    shop.stripe.pay(first)
    shop.hear()
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    assert shop.count(Order, Order.user_id == cast.cy.id) == 1
    (refund,) = shop.refunds()
    kept = shop.order(first) if refund.payment_intent_id == intent_of(shop, second) else shop.order(second)
    assert kept.status == OrderStatus.COMPLETED
    assert "You paid for this order twice" in cy.get(f"/orders/{kept.number}").text
    assert len(shop.alerts()) == 1


def test_fault_17_the_refund_survives_a_lost_answer(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    first = shop.open(cy, cast.flask_course)
    with shop.database() as db:
        db.execute(update(Order).where(Order.stripe_session_id == first).values(status="cancelled"))
    second = shop.open(cy, cast.flask_course)
    shop.stripe.pay(first)
    shop.stripe.pay(second)
    shop.stripe.fault("execute_then_500", "POST /v1/refunds")
    shop.hear(COMPLETED)
    with shop.database():
        jobs.hasten(f"refund:{shop.refunds()[0].id}")
    shop.work()
    check_one_refund(shop, second)


def test_fault_18_the_answer_to_opening_a_session_is_lost(shop: Shop, cast: Cast) -> None:
    shop.stripe.fault("execute_then_drop", "POST /v1/checkout/sessions")
    session_id = shop.open(shop.signed_in(cast.cy), cast.flask_course)
    assert [s["id"] for s in shop.stripe.all("checkout.session")] == [session_id]
    keys = {call.headers["Idempotency-Key"] for call in shop.creates()}
    assert keys == {f"order:{shop.order(session_id).id}:v1"}


def test_fault_18_a_failure_kept_under_the_key_does_not_lock_the_buyer_out(shop: Shop, cast: Cast) -> None:
    shop.stripe.fault("execute_then_500", "POST /v1/checkout/sessions")
    session_id = shop.open(shop.signed_in(cast.cy), cast.flask_course)
    assert shop.order(session_id).attempt == 2
    shop.stripe.pay(session_id)
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE


def test_fault_22_another_person_opens_the_success_page(shop: Shop, cast: Cast) -> None:
    session_id = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    answer = shop.back(shop.signed_in(cast.nia), session_id)
    assert answer.status_code == 404
    assert "Flask, first steps" not in answer.text
    assert shop.effects(cast.cy, cast.flask_course) == NOTHING
    assert shop.effects(cast.nia, cast.flask_course) == NOTHING
    stranger = shop.back(shop.app.test_client(), session_id)
    assert stranger.status_code == 303
    assert stranger.headers["Location"].startswith("/login?next=")


def bad_posts(shop: Shop) -> dict[str, tuple[bytes, dict[str, str]]]:
    event = shop.stripe.last_event(COMPLETED)["id"]
    body, headers = shop.stripe.signed(event)
    thin = {"id": "evt_1", "object": "v2.core.event", "type": "v1.billing.meter.no_meter_found"}
    signed = shop.stripe.signed
    return {
        "forged": (body, {"Stripe-Signature": "t=1,v1=00"}),
        "unsigned": (body, {}),
        "tampered": signed(event, "tamper_body"),
        "bad signature": signed(event, "tamper_signature"),
        "too old": signed(event, moment=int(time.time()) - 301),
        "time not a number": (body, {"Stripe-Signature": headers["Stripe-Signature"].replace("t=", "t=x")}),
        "wrong secret": signed(event, "wrong_secret"),
        "serialised again": (json.dumps(json.loads(body), indent=7).encode(), headers),
        "empty": (b"", headers),
        "empty and signed": raw_signed(shop, b""),
        "not JSON": raw_signed(shop, b"hello"),
        "not UTF-8": (b"\xff\xfe", headers),
        "a list": raw_signed(shop, b"[]"),
        "a number": raw_signed(shop, b"1"),
        "deeply nested": raw_signed(shop, b"[" * 100_000),
        "no event": signed({"a": 1}),
        "no object": signed({"id": "evt_1", "object": "event", "type": COMPLETED, "data": {}}),
        "id is a list": signed({**json.loads(body), "id": ["evt_1"]}),
        "id too long": signed({**json.loads(body), "id": "evt_" + "x" * 300}),
        "id with a nul": signed({**json.loads(body), "id": "evt_\0"}),
        "thin": signed(thin),
    }


def raw_signed(shop: Shop, raw: bytes) -> tuple[bytes, dict[str, str]]:
    return raw, {"Stripe-Signature": sign(raw, shop.stripe.secrets, None, None)[1]}


def test_fault_23_whatever_stripe_did_not_sign_is_refused_without_a_trace(shop: Shop, cast: Cast) -> None:
    shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    statuses = {name: shop.post(*post) for name, post in bad_posts(shop).items()}
    assert statuses == dict.fromkeys(statuses, 400)
    assert shop.events() == 0
    shop.work()
    assert shop.effects(cast.cy, cast.flask_course) == NOTHING


def test_fault_24_both_secrets_work_while_they_are_rolled(shop: Shop, cast: Cast) -> None:
    shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    event = shop.stripe.last_event(COMPLETED)["id"]

    def delivered(theirs: list[str], ours: tuple[str, ...]) -> int:
        shop.stripe.secrets = theirs
        set_secrets(shop, ours)
        return shop.post(*shop.stripe.signed(event))

    both = ("whsec_new", "whsec_tests")
    assert delivered(["whsec_tests"], both) == 204
    assert delivered(["whsec_new"], both) == 204
    assert delivered(["whsec_tests", "whsec_new"], both) == 204
    assert delivered(["whsec_tests", "whsec_new"], ("whsec_new",)) == 204
    assert delivered(["whsec_tests"], ("whsec_new",)) == 400


def test_fault_25_what_is_not_ours_is_recorded_and_left_alone(shop: Shop, cast: Cast) -> None:
    session_id = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    event = shop.stripe.last_event(COMPLETED)
    foreign = {**event["data"]["object"], "id": "cs_test_foreign", "client_reference_id": "cart_17"}
    shop.falsified = True  # the foreign session was paid: somebody has to look
    posts = {
        "another app": {**event, "id": "evt_app", "data": {"object": foreign}},
        "deleted customer": {
            **event, "id": "evt_customer", "type": "customer.deleted",
            "data": {"object": {"id": "cus_1", "object": "customer", "deleted": True}},
        },
        "unknown type": {**event, "id": "evt_unknown", "type": "moon.landed"},
        "live": {**event, "id": "evt_live", "livemode": True},
    }  # fmt: skip
    assert {shop.post(*shop.stripe.signed(body)) for body in posts.values()} == {204}
    shop.work()
    assert shop.effects(cast.cy, cast.flask_course) == NOTHING
    assert shop.order(session_id).status == OrderStatus.PENDING
    with shop.database() as db:
        rows = db.scalars(select(StripeEvent)).all()
        assert len(rows) == 4
        assert all(row.processed_at for row in rows)


def reprice(shop: Shop, course: Course, cents: int) -> None:
    with shop.database() as db:
        db.execute(update(Product).where(Product.id == course.id).values(price_cents=cents))


def set_secrets(shop: Shop, secrets: tuple[str, ...]) -> None:
    shop.app.config["SETTINGS"] = replace(shop.app.config["SETTINGS"], stripe_webhook_secrets=secrets)


def intent_of(shop: Shop, session_id: str) -> str:
    return shop.stripe.get("checkout.session", session_id)["payment_intent"]


def check_one_refund(shop: Shop, session_id: str) -> None:
    (refund,) = shop.refunds()
    assert (refund.payment_intent_id, refund.amount_cents) == (intent_of(shop, session_id), 1900)
    assert refund.status == RefundStatus.SUCCEEDED
    assert [(r["amount"], r["metadata"]) for r in shop.stripe.all("refund")] == [
        (1900, {"refund_id": str(refund.id)})
    ]
    assert len([mail for mail in shop.alerts() if "Paid twice" in mail.data["problem"]]) == 1

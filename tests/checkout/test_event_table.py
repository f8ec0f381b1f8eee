"""Every event takes its row's way: retrieved, applied, and told when our money moved and nothing changed."""

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

import payments
from domain.base import clock
from domain.commerce import reconciliation, stripe_event_table
from domain.platform import retention
from models import Order, OrderStatus, Refund, RefundStatus, StripeEvent, db
from payments import client
from stripe_sandbox.signing import signature
from tests.cast import Cast
from tests.checkout.shop import NOTHING, ONCE, Shop
from tests.checkout.test_alerts import mailed, problems
from tests.checkout.test_notices import bought, tell

COMPLETED = "checkout.session.completed"
CREDIT = "v2.money_management.received_credit"


def thin(type: str = f"{CREDIT}.succeeded", **changes: Any) -> dict[str, Any]:
    """A thin event as Stripe sends it."""
    related = {"id": "rc_1", "type": CREDIT, "url": "/v2/money_management/received_credits/rc_1"}
    return {
        "id": "evt_thin", "object": "v2.core.event", "type": type, "created": "2026-11-29T10:00:00.000Z",
        "livemode": False, "related_object": related, **changes,
    }  # fmt: skip


def post(shop: Shop, body: dict[str, Any], secret: str = "whsec_tests") -> int:
    """Deliver `body`, signed, and let the worker handle it; the status."""
    raw = json.dumps(body).encode()
    status = shop.post(raw, {"Stripe-Signature": signature(raw, [secret], int(time.time()))})
    shop.work()
    return status


def row(shop: Shop, event_id: str) -> StripeEvent:
    with shop.app.app_context():
        found = db.session.get_one(StripeEvent, event_id)
        db.session.expunge_all()
        return found


# Thin events


def test_a_thin_event_about_money_is_told_with_what_was_retrieved(shop: Shop, cast: Cast) -> None:
    event = shop.stripe.receive_credit()
    for _ in range(2):
        assert set(shop.stripe.deliver(event["id"], times=2)) == {204}
        shop.work()
    (problem,) = problems(shop)
    assert event["related_object"]["id"] in problem
    assert "$25.00" in problem
    assert mailed(shop) == 1
    kept = row(shop, event["id"])
    assert (kept.object_id, kept.attempts) == (event["related_object"]["id"], 1)
    assert kept.payload == event
    assert any(problem in line for line in shop.wrong_books())
    page = shop.signed_in(cast.mo).get(f"/admin/webhooks/{event['id']}").text
    assert "no effect" in page
    shop.falsified = True


def test_a_harmless_thin_event_is_verified_and_stored_only(shop: Shop) -> None:
    place = "/v2/core/accounts/acct_1/persons/person_1"
    event = shop.stripe.notify(
        "v2.core.account_person.created", place, {"id": "person_1", "object": "v2.core.account_person"}
    )
    assert shop.stripe.deliver(event["id"]) == [204]
    shop.work()
    assert row(shop, event["id"]).processed_at is not None
    assert (problems(shop), shop.stripe.requests("GET", place)) == ([], [])


def test_an_account_that_nobody_here_uses_is_not_looked_at(shop: Shop) -> None:
    event = shop.stripe.change_account()
    assert shop.stripe.deliver(event["id"]) == [204]
    shop.work()
    assert row(shop, event["id"]).processed_at is not None
    assert (problems(shop), shop.stripe.requests("GET", event["related_object"]["url"])) == ([], [])


def test_a_thin_event_of_another_account_is_retrieved_in_its_name(shop: Shop) -> None:
    place = "/v2/money_management/received_credits/rc_7"
    event = shop.stripe.notify(f"{CREDIT}.failed", place, {"id": "rc_7", "object": CREDIT}, "acct_7")
    shop.stripe.deliver(event["id"])
    shop.work()
    (call,) = shop.stripe.requests("GET", place)
    assert call.headers["Stripe-Context"] == "acct_7"
    assert "account acct_7" in problems(shop)[0]
    shop.falsified = True


@pytest.mark.parametrize(
    ("related", "told"), [({"amount": {"value": 5, "currency": "eur"}}, 1), ({"name": "Apollo"}, 0)]
)
def test_of_an_unknown_thin_type_the_object_decides(shop: Shop, related: dict[str, Any], told: int) -> None:
    body = {"id": "moon_1", "object": "v2.moon", **related}
    event = shop.stripe.notify("v2.moon.landed", "/v2/moons/moon_1", body)
    shop.stripe.deliver(event["id"])
    shop.work()
    assert len(problems(shop)) == mailed(shop) == told
    shop.falsified = True


def test_a_thin_event_whose_object_is_gone_is_told_without_it(shop: Shop) -> None:
    assert post(shop, thin()) == 204
    assert "rc_1" in problems(shop)[0]
    shop.falsified = True


def test_a_thin_event_waits_while_stripe_is_down(shop: Shop) -> None:
    event = shop.stripe.receive_credit()
    shop.stripe.fault("503", "GET /v2/*", times=3)
    shop.stripe.deliver(event["id"])
    shop.work()
    assert "PaymentUnavailable" in (row(shop, event["id"]).error or "")
    shop.stripe.deliver(event["id"])
    shop.work()
    assert len(problems(shop)) == 1
    shop.falsified = True


def test_the_thin_event_of_a_charge_is_left_to_its_payment(shop: Shop, cast: Cast) -> None:
    """A thin event doesn't show before it is retrieved that its charge has a PaymentIntent."""
    bought(shop, cast)
    (charge,) = shop.stripe.all("charge")
    related = {"id": charge["id"], "type": "charge", "url": f"/v1/charges/{charge['id']}"}
    assert post(shop, thin("v1.charge.succeeded", related_object=related)) == 204
    assert row(shop, "evt_thin").processed_at is not None
    assert len(shop.stripe.requests("GET", related["url"])) == 1
    assert (problems(shop), shop.alerts()) == ([], [])


def test_a_thin_twin_of_a_snapshot_is_applied_like_it(shop: Shop, cast: Cast) -> None:
    session_id = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    related = {"id": session_id, "type": "checkout.session", "url": f"/v1/checkout/sessions/{session_id}"}
    assert post(shop, thin("v1.checkout.session.completed", related_object=related)) == 204
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    assert problems(shop) == []


@pytest.mark.parametrize(
    "change",
    [
        {"id": None}, {"id": ""}, {"id": 7}, {"id": "evt_\0"}, {"id": "x" * 300},
        {"type": None}, {"type": ["v2"]}, {"type": "v2." + "x" * 100},
        {"livemode": None}, {"livemode": "false"},
        {"related_object": "rc_1"}, {"related_object": 7}, {"related_object": []}, {"related_object": {}},
        {"related_object": {"id": "rc_1", "type": CREDIT}},
        {"related_object": {"id": ["rc_1"], "url": "/v2/x"}},
        {"related_object": {"id": "x" * 300, "url": "/v2/x"}},
        *({"related_object": {"id": "rc_1", "url": url}} for url in (
            None, 7, "", "/v3/x", "/v2/", "https://evil.example/v2/x", "@evil.example/v1/x", "/v2/../v1/x",
            "/v2/x?expand[]=y", "/v2/x\n", "/v1/x/", "/v2/" + "x" * 600,
        )),
        {"context": 7}, {"context": ["acct"]}, {"context": "acct\r\nX-Evil: 1"}, {"context": "x" * 300},
        {"changes": float("inf")}, {"reason": "half \ud83d"},
    ],
    ids=lambda change: ascii(change)[:60],
)  # fmt: skip
def test_a_malformed_thin_event_is_refused_without_a_trace(shop: Shop, change: dict[str, Any]) -> None:
    assert post(shop, thin(**change)) == 400
    assert shop.events() == 0


@pytest.mark.parametrize(
    "change",
    [
        {"related_object": None},
        {"related_object": {"type": "balance", "url": "/v1/balance"}},
        {"context": None},
        {"created": None},
        {"reason": {"type": "request", "request": {"id": "req_1", "idempotency_key": "k"}}},
    ],
    ids=ascii,
)
def test_a_thin_event_without_what_is_optional_is_stored(shop: Shop, change: dict[str, Any]) -> None:
    assert post(shop, thin("v1.balance.available", **change)) == 204
    assert row(shop, "evt_thin").processed_at is not None


def test_a_thin_event_needs_its_signature_and_mode(shop: Shop) -> None:
    assert post(shop, thin(), secret="whsec_nobody") == 400
    assert shop.events() == 0
    assert post(shop, thin(livemode=True)) == 204
    assert problems(shop) == []


# Lists


def test_more_types_than_one_list_takes_come_in_chunks_and_in_order(shop: Shop, cast: Cast) -> None:
    for _ in range(3):
        shop.stripe.refuse_payout()
        shop.stripe.clock.advance(seconds=10)
        shop.stripe.pay_unasked()
        shop.stripe.clock.advance(seconds=10)
    with shop.app.app_context():
        found = reconciliation.list_events(clock.now() - timedelta(days=1))
    moments = [event.payload["created"] for event in found]
    assert moments == sorted(moments)
    assert len({event.id for event in found}) == len(found)
    wanted = {e["id"] for e in shop.stripe.events() if e["type"] in stripe_event_table.FOLLOWED}
    assert {event.id for event in found} == wanted
    chunks = [call.query.count("types") for call in shop.stripe.requests("GET", "/v1/events")]
    assert max(chunks) <= payments.MOST_TYPES
    assert sum(chunks) == len(stripe_event_table.FOLLOWED) > payments.MOST_TYPES
    first = [event.type for event in found if event.type in ("payout.failed", "payment_intent.succeeded")]
    assert first == ["payout.failed", "payment_intent.succeeded"] * 3


# Nothing that is ours is passed over


def test_a_snapshot_of_an_older_api_version_is_only_a_trigger(shop: Shop, cast: Cast) -> None:
    session_id = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    event = shop.stripe.last_event(COMPLETED)
    old = {"id": session_id, "object": "checkout.session", "payment_status": "unpaid", "display_items": [1]}
    assert post(shop, {**event, "api_version": "2019-12-03", "data": {"object": old}}) == 204
    assert shop.effects(cast.cy, cast.flask_course) == ONCE


def test_a_payment_that_its_order_does_not_hold_is_told(shop: Shop, cast: Cast) -> None:
    """An order that was completed by another session, and no refund can be asked for: nothing changes."""
    order = bought(shop, cast)
    session_id = order.stripe_session_id or ""
    with shop.database() as session:
        other = {"stripe_session_id": "cs_other", "stripe_payment_intent_id": "pi_other"}
        session.execute(update(Order).where(Order.id == order.id).values(other))
        session.execute(update(StripeEvent).values(processed_at=None))
    with shop.app.app_context():
        found = payments.find_session(session_id)
    assert found is not None
    with shop.database() as session:
        about = session.get_one(Order, order.id)
        assert stripe_event_table._is_booked(about, found) is False
        assert stripe_event_table._is_booked(None, found) is False
    shop.falsified = True


@pytest.mark.parametrize(
    "types", [("charge.refunded", "refund.created"), ("refund.created", "charge.refunded")]
)
def test_the_refund_of_a_foreign_payment_is_not_our_money(shop: Shop, types: tuple[str, ...]) -> None:
    charge = shop.stripe.pay_unasked()
    with shop.app.app_context():
        client.client().v1.refunds.create({"charge": charge["id"]})
    shop.hear(*types)
    assert (problems(shop), mailed(shop), shop.alerts()) == ([], 0, [])
    remarks = {row(shop, shop.stripe.last_event(type)["id"]).error for type in types}
    assert remarks == {stripe_event_table.NOT_OURS}


def test_the_refund_of_an_order_that_is_gone_is_ours(shop: Shop, cast: Cast) -> None:
    """A restored backup may lack the order; the payment still names it."""
    session_id = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    intent = shop.stripe.get("checkout.session", session_id)["payment_intent"]
    with shop.database() as session:
        session.execute(update(Order).where(Order.stripe_session_id == session_id).values(number="LOST"))
    with shop.app.app_context():
        client.client().v1.refunds.create({"payment_intent": intent})
    shop.hear("charge.refunded")
    assert "refunded outside Lectern" in problems(shop)[0]
    shop.falsified = True


def test_a_second_refund_that_names_our_row_is_not_taken_for_it(shop: Shop, cast: Cast) -> None:
    order = bought(shop, cast)
    with shop.database() as session:
        row_ = Refund(
            cause="double_payment",
            order_id=order.id, payment_intent_id=order.stripe_payment_intent_id, amount_cents=100,
            currency="usd", reason="Asked for",
        )  # fmt: skip
        session.add(row_)
        session.flush()
        names = {"refund_id": str(row_.id)}
    for _ in range(2):
        with shop.app.app_context():
            client.client().v1.refunds.create(
                {"payment_intent": order.stripe_payment_intent_id or "", "amount": 100, "metadata": names}
            )
        shop.hear("refund.created", "refund.updated", "charge.refunded")
    first, second = shop.stripe.all("refund")
    (ours,) = shop.refunds()
    assert (ours.stripe_refund_id, ours.status) == (first["id"], RefundStatus.SUCCEEDED)
    assert second["id"] in (shop.order(order.stripe_session_id or "").problem or "")
    shop.falsified = True


@pytest.mark.parametrize(("status", "told"), [("succeeded", 0), ("failed", 1)])
def test_a_refund_of_ours_that_stripe_lost_is_told_when_the_event_says_more(
    shop: Shop, cast: Cast, status: str, told: int
) -> None:
    order = bought(shop, cast)
    with shop.database() as session:
        session.add(
            Refund(
                cause="double_payment",
                order_id=order.id, payment_intent_id=order.stripe_payment_intent_id, amount_cents=100,
                currency="usd", reason="Asked for", status=RefundStatus.SUCCEEDED, stripe_refund_id="re_lost",
            )
        )  # fmt: skip
    payment = order.stripe_payment_intent_id
    tell(shop, "refund.updated", id="re_lost", status=status, payment_intent=payment, amount=100)
    assert len(shop.alerts()) == told
    shop.falsified = True


def test_a_paid_event_of_a_settled_order_that_stripe_forgot_is_not_told(shop: Shop, cast: Cast) -> None:
    order = bought(shop, cast)
    shop.stripe.reset()
    tell(shop, COMPLETED, 1, id=order.stripe_session_id, payment_status="paid", amount_total=1900)
    tell(shop, "payment_intent.succeeded", 2, id=order.stripe_payment_intent_id, amount=1900)
    assert (problems(shop), shop.alerts()) == ([], [])


def test_duplicates_and_every_order_of_arrival_end_alike(shop: Shop, cast: Cast) -> None:
    session_id = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    for event in [*reversed(shop.stripe.events()), *shop.stripe.events()]:
        shop.stripe.deliver(event["id"], times=2, parallel=True)
        shop.work()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    assert shop.order(session_id).status == OrderStatus.COMPLETED
    assert shop.effects(cast.nia, cast.flask_course) == NOTHING


def test_the_ledger_check_names_an_event_that_was_not_handled(shop: Shop) -> None:
    tell(shop, "payout.paid", 1, id="po_1")
    with shop.database() as session:
        late = {"processed_at": None, "received_at": clock.now() - timedelta(hours=2)}
        session.execute(update(StripeEvent).values(late))
    assert shop.wrong_books() == ["event evt_1 (payout.paid) has not been handled"]
    shop.falsified = True


def test_what_changed_nothing_is_not_listed_as_handled(shop: Shop, cast: Cast) -> None:
    bought(shop, cast)
    tell(shop, "payout.failed", id="po_1")
    admin = shop.signed_in(cast.mo)
    handled = admin.get("/admin/webhooks?state=handled").text
    without = admin.get("/admin/webhooks?state=without-effect").text
    assert (COMPLETED in handled, "payout.failed" in handled) == (True, False)
    assert (COMPLETED in without, "payout.failed" in without) == (False, True)
    shop.falsified = True


# How long events stay


def test_events_stay_as_long_as_their_disputes_can_last(
    shop: Shop, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = bought(shop, cast)
    tell(shop, "payout.failed", 1, id="po_1")
    tell(shop, "payout.paid", 2, id="po_2")
    tell(shop, "charge.dispute.created", 3, id="dp_1", payment_intent=order.stripe_payment_intent_id)
    tell(shop, "charge.dispute.created", 4, id="dp_2", metadata={"order_number": order.number})
    tell(shop, "charge.dispute.created", 5, id="dp_3", payment_intent="pi_of_nobody")
    shop.falsified = True
    real = clock.now

    def left(days: int) -> set[str]:
        monkeypatch.setattr(clock, "now", lambda: real() + timedelta(days=days))
        with shop.database() as session:
            retention.clean_up()
            return set(session.scalars(select(StripeEvent.id)))

    before = left(0)
    assert left(719) == before
    with shop.database() as session:
        session.execute(update(Order).where(Order.id == order.id).values(problem="Look.", looked_at=None))
        session.execute(update(StripeEvent).where(StripeEvent.id == "evt_5").values(looked_at=clock.now()))
    about = (order.stripe_session_id, order.stripe_payment_intent_id)
    objects = {event["id"]: event["data"]["object"] for event in shop.stripe.events()}
    of_order = {id for id, one in objects.items() if {one["id"], one.get("payment_intent")} & {*about}}
    assert left(721) == {"evt_1", "evt_3", "evt_4", *of_order}
    with shop.database() as session:
        session.execute(update(Order).values(looked_at=clock.now()))
        session.execute(update(StripeEvent).values(looked_at=clock.now()))
    assert left(722) == set()

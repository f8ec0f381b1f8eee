"""Checkout Sessions through stripe-python: making them, reading them, their life."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import stripe
from stripe import StripeClient

from stripe_sandbox.checkout import SessionClosedError
from stripe_sandbox.testing import RunningSandbox

from .conftest import SUCCESS, buy, checkout


def test_a_new_session_repeats_what_was_asked_and_is_open(
    sandbox: RunningSandbox, client: StripeClient
) -> None:
    session = client.v1.checkout.sessions.create(
        checkout(
            client_reference_id="order-7",
            customer_email="ada@example.com",
            metadata={"order": "7"},
            payment_intent_data={"metadata": {"order": "7"}, "description": "Course"},
            adaptive_pricing={"enabled": False},
        )
    )
    assert session.id.startswith("cs_test_")
    assert (session.status, session.payment_status) == ("open", "unpaid")
    assert (session.amount_total, session.currency, session.livemode) == (1900, "usd", False)
    assert session.client_reference_id == "order-7"
    assert session.metadata["order"] == "7"
    assert session.customer_details.email == "ada@example.com"
    assert session.url == f"{sandbox.url}/c/pay/{session.id}"
    assert session.payment_intent is None
    assert session.expires_at - session.created == 24 * 60 * 60
    assert sandbox.violations() == []


def test_paying_completes_it_and_books_the_money(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = client.v1.checkout.sessions.create(checkout(payment_intent_data={"metadata": {"order": "7"}}))
    assert sandbox.pay(session.id) == SUCCESS.replace("{CHECKOUT_SESSION_ID}", session.id)
    paid = client.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["payment_intent.latest_charge.balance_transaction"]}
    )
    assert (paid.status, paid.payment_status, paid.url) == ("complete", "paid", None)
    assert paid.payment_intent.status == "succeeded"
    assert paid.payment_intent.metadata["order"] == "7"
    charge = paid.payment_intent.latest_charge
    assert (charge.amount, charge.paid, charge.payment_method_details.card.last4) == (1900, True, "4242")
    movement = charge.balance_transaction
    assert (movement.amount, movement.fee, movement.net, movement.status) == (1900, 85, 1815, "pending")
    assert [event["type"] for event in sandbox.events()] == [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]


def test_only_the_literal_placeholder_is_filled_in(sandbox: RunningSandbox, client: StripeClient) -> None:
    address = "http://127.0.0.1:5999/done?a={CHECKOUT_SESSION_ID}&b=%7BCHECKOUT_SESSION_ID%7D&c={other}"
    session = client.v1.checkout.sessions.create(checkout(success_url=address))
    assert sandbox.pay(session.id) == address.replace("{CHECKOUT_SESSION_ID}", session.id)


def test_line_items_come_in_order_with_their_price_and_product(
    sandbox: RunningSandbox, client: StripeClient
) -> None:
    def line(name: str, amount: int, quantity: int) -> dict[str, object]:
        data = {"name": name, "metadata": {"slug": name.lower()}}
        price = {"currency": "usd", "unit_amount": amount, "product_data": data}
        return {"price_data": price, "quantity": quantity, "metadata": {"line": name}}

    lines = [line("One", 1000, 1), line("Two", 500, 3), line("Three", 700, 1)]
    session = client.v1.checkout.sessions.create(
        checkout(line_items=lines, expand=["line_items.data.price.product"])
    )
    assert session.amount_total == 3200
    first = session.line_items.data[0]
    assert (first.description, first.price.unit_amount, first.price.product.metadata["slug"]) == (
        "One",
        1000,
        "one",
    )
    page = client.v1.checkout.sessions.line_items.list(session.id, {"limit": 2})
    assert [item.description for item in page.auto_paging_iter()] == ["One", "Two", "Three"]
    assert page.data[1].amount_total == 1500
    assert page.data[1].metadata["line"] == "Two"
    assert sandbox.violations() == []


def test_a_declined_card_leaves_it_open_for_another_try(
    sandbox: RunningSandbox, client: StripeClient
) -> None:
    session = client.v1.checkout.sessions.create(checkout())
    assert sandbox.pay(session.id, "declined") is None
    seen = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (seen.status, seen.payment_intent.status) == ("open", "requires_payment_method")
    assert seen.payment_intent.last_payment_error.decline_code == "generic_decline"
    assert sandbox.pay(session.id) is not None
    seen = client.v1.checkout.sessions.retrieve(session.id)
    assert seen.payment_status == "paid"
    statuses = [
        charge.status for charge in client.v1.charges.list({"payment_intent": seen.payment_intent}).data
    ]
    assert statuses == ["succeeded", "failed"]


@pytest.mark.parametrize(("passed", "status"), [(True, "complete"), (False, "open")])
def test_three_d_secure_decides(
    sandbox: RunningSandbox, client: StripeClient, passed: bool, status: str
) -> None:
    session = client.v1.checkout.sessions.create(checkout())
    sandbox.pay(session.id, "3ds", authenticated=None)
    waiting = client.v1.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    assert (waiting.status, waiting.payment_intent.status) == ("open", "requires_action")
    assert (sandbox.pay(session.id, "3ds", authenticated=passed) is not None) is passed
    assert client.v1.checkout.sessions.retrieve(session.id).status == status


@pytest.mark.parametrize(
    ("how", "payment_status", "event"),
    [
        ("later_succeeds", "paid", "checkout.session.async_payment_succeeded"),
        ("later_fails", "unpaid", "checkout.session.async_payment_failed"),
    ],
)
def test_a_bank_debit_is_decided_when_its_time_comes(
    sandbox: RunningSandbox, client: StripeClient, how: str, payment_status: str, event: str
) -> None:
    session = client.v1.checkout.sessions.create(checkout())
    sandbox.pay(session.id, how)
    under_way = client.v1.checkout.sessions.retrieve(session.id)
    assert (under_way.status, under_way.payment_status) == ("complete", "unpaid")
    assert sandbox.last_event("checkout.session.completed")["data"]["object"]["payment_status"] == "unpaid"
    assert client.v1.balance.retrieve().pending[0].amount == 0
    sandbox.clock.advance(minutes=5)
    assert client.v1.checkout.sessions.retrieve(session.id).payment_status == payment_status
    assert sandbox.last_event(event)["data"]["object"]["id"] == session.id


def test_a_bank_debit_can_be_decided_by_hand_once(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = client.v1.checkout.sessions.create(checkout())
    sandbox.pay(session.id, "later_succeeds")
    sandbox.settle(session.id, ok=False)
    sandbox.clock.advance(days=1)
    assert len(sandbox.events("checkout.session.async_payment_failed")) == 1
    assert sandbox.events("checkout.session.async_payment_succeeded") == []


def test_nothing_to_pay_completes_without_a_card(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = client.v1.checkout.sessions.create(checkout(0))
    assert session.payment_status == "unpaid"
    sandbox.pay(session.id)
    done = client.v1.checkout.sessions.retrieve(session.id)
    assert (done.status, done.payment_status, done.payment_intent) == (
        "complete",
        "no_payment_required",
        None,
    )
    assert [event["type"] for event in sandbox.events()] == ["checkout.session.completed"]


def test_it_expires_when_its_time_is_up(sandbox: RunningSandbox, client: StripeClient) -> None:
    until = sandbox.clock.now() + 31 * 60
    session = client.v1.checkout.sessions.create(checkout(expires_at=until))
    sandbox.clock.advance(minutes=32)
    gone = client.v1.checkout.sessions.retrieve(session.id)
    assert (gone.status, gone.url) == ("expired", None)
    assert sandbox.last_event("checkout.session.expired")["data"]["object"]["id"] == session.id
    with pytest.raises(SessionClosedError):
        sandbox.pay(session.id)


def test_only_an_open_session_can_be_expired(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = buy(sandbox, client)
    with pytest.raises(stripe.InvalidRequestError, match='status in \\["open"\\] can be expired'):
        client.v1.checkout.sessions.expire(session.id)
    other = client.v1.checkout.sessions.create(checkout())
    assert client.v1.checkout.sessions.expire(other.id).status == "expired"
    with pytest.raises(SessionClosedError):
        sandbox.expire(other.id)


def test_paying_and_expiring_at_once_has_one_winner(sandbox: RunningSandbox, client: StripeClient) -> None:
    def attempt(action: object) -> bool:
        try:
            action()  # type: ignore[operator]
        except (stripe.InvalidRequestError, SessionClosedError):
            return False
        return True

    for _ in range(8):
        id = client.v1.checkout.sessions.create(checkout()).id
        with ThreadPoolExecutor(4) as pool:
            expire = lambda id=id: client.v1.checkout.sessions.expire(id)  # noqa: E731
            pay = lambda id=id: sandbox.pay(id)  # noqa: E731
            won = list(pool.map(attempt, [pay, expire, pay, expire]))
        assert won.count(True) == 1
        ended = [event for event in sandbox.events() if event["data"]["object"]["id"] == id]
        assert [event["type"] for event in ended] == [
            f"checkout.session.{'completed' if won[0] or won[2] else 'expired'}"
        ]


@pytest.mark.parametrize(
    ("params", "code", "param"),
    [
        (checkout(49), "amount_too_small", None),
        (checkout(49, "jpy"), "amount_too_small", None),
        (checkout(success_url="/done"), "url_invalid", "success_url"),
        (checkout(client_reference_id="x" * 201), "parameter_invalid_string", "client_reference_id"),
        (checkout(customer="cus_nobody"), "resource_missing", "customer"),
        (checkout(customer_email="nobody"), "email_invalid", "customer_email"),
        (checkout(payment_method_types=["card"]), "parameter_unknown", "payment_method_types"),
        (checkout(-5), "parameter_invalid_integer", "line_items[0][price_data][unit_amount]"),
        (checkout(1900, "xxx"), None, "line_items[0][price_data][currency]"),
        (checkout(ui_mode="hosted"), None, "ui_mode"),
        (checkout(expires_at=1), None, "expires_at"),
        (checkout(client_reference_id=""), "parameter_invalid_empty", "client_reference_id"),
        ({"mode": "payment", "success_url": SUCCESS}, "parameter_missing", "line_items"),
    ],
)
def test_what_stripe_refuses_is_refused_by_name(
    sandbox: RunningSandbox, client: StripeClient, params: Any, code: str | None, param: str | None
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.checkout.sessions.create(params)
    assert (caught.value.http_status, caught.value.code, caught.value.param) == (400, code, param)
    assert client.v1.checkout.sessions.list().data == []


def test_fifty_cents_and_fifty_yen_are_enough(sandbox: RunningSandbox, client: StripeClient) -> None:
    assert client.v1.checkout.sessions.create(checkout(50)).amount_total == 50
    assert client.v1.checkout.sessions.create(checkout(50, "jpy")).amount_total == 50


def test_a_customer_brings_their_address_or_is_made_on_demand(
    sandbox: RunningSandbox, client: StripeClient
) -> None:
    customer = client.v1.customers.create({"email": "ada@example.com", "name": "Ada"})
    session = buy(sandbox, client, customer=customer.id)
    assert (session.customer, session.customer_details.email) == (customer.id, "ada@example.com")
    made = buy(sandbox, client, customer_creation="always", customer_email="bob@example.com")
    assert client.v1.customers.retrieve(made.customer).email == "bob@example.com"
    assert buy(sandbox, client).customer is None


def test_lists_are_newest_first_and_filter(sandbox: RunningSandbox, client: StripeClient) -> None:
    made = [client.v1.checkout.sessions.create(checkout()).id for _ in range(5)]
    sandbox.pay(made[1])
    page = client.v1.checkout.sessions.list({"limit": 2})
    assert [row.id for row in page.data] == [made[4], made[3]]
    assert page.has_more is True
    client.v1.checkout.sessions.create(checkout())
    older = client.v1.checkout.sessions.list({"limit": 2, "starting_after": made[3]})
    assert [row.id for row in older.data] == [made[2], made[1]]
    newer = client.v1.checkout.sessions.list({"limit": 2, "ending_before": made[1]})
    assert [row.id for row in newer.data] == [made[3], made[2]]
    assert [row.id for row in client.v1.checkout.sessions.list({"status": "complete"}).data] == [made[1]]
    assert len(list(page.auto_paging_iter())) == 5


def test_metadata_can_be_changed_amounts_cannot(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = client.v1.checkout.sessions.create(checkout(metadata={"a": "1", "b": "2"}))
    changed = client.v1.checkout.sessions.update(session.id, {"metadata": {"a": "", "c": "3"}})
    assert changed.metadata.to_dict() == {"b": "2", "c": "3"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.update(session.id, {"amount_total": 1})


def test_ids_repeat_with_the_seed() -> None:
    with (
        RunningSandbox(seed="one") as first,
        RunningSandbox(seed="one") as second,
        RunningSandbox(seed="two") as third,
    ):
        made = [running.engine.ids.make("cs_") for running in (first, second, third)]
    assert made[0] == made[1] != made[2]

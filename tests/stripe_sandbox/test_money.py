"""Customers, refunds, balance: objects other than sessions."""

from __future__ import annotations

from typing import Any

import pytest
import stripe
from stripe import StripeClient

from stripe_sandbox import money
from stripe_sandbox.testing import RunningSandbox

from .conftest import buy, checkout, client_of


def books_agree(sandbox: RunningSandbox, client: StripeClient) -> bool:
    """The sum of all movements is what the balance says."""
    balance = client.v1.balance.retrieve()
    said: dict[str, int] = {}
    for row in (*balance.available, *balance.pending):
        said[row.currency] = said.get(row.currency, 0) + row.amount
    moved: dict[str, int] = {}
    for movement in client.v1.balance_transactions.list({"limit": 100}).auto_paging_iter():
        moved[movement.currency] = moved.get(movement.currency, 0) + movement.net
    return {code: amount for code, amount in said.items() if amount} == {k: v for k, v in moved.items() if v}


def test_a_customer_is_made_changed_found_and_deleted(sandbox: RunningSandbox, client: StripeClient) -> None:
    customer = client.v1.customers.create({"email": "ada@example.com", "metadata": {"user": "1"}})
    changed = client.v1.customers.update(customer.id, {"name": "Ada", "metadata": {"user": "", "plan": "x"}})
    assert (changed.name, changed.metadata.to_dict()) == ("Ada", {"plan": "x"})
    assert sandbox.last_event("customer.updated")["data"]["previous_attributes"]["name"] is None
    assert client.v1.customers.update(customer.id, {"name": ""}).name is None
    client.v1.customers.create({"email": "bob@example.com"})
    assert [row.id for row in client.v1.customers.list({"email": "ada@example.com"}).data] == [customer.id]
    assert client.v1.customers.delete(customer.id).deleted is True
    assert client.v1.customers.retrieve(customer.id).deleted is True
    assert len(client.v1.customers.list().data) == 1
    for attempt in (client.v1.customers.update, client.v1.customers.delete):
        with pytest.raises(stripe.InvalidRequestError):
            attempt(customer.id)
    with pytest.raises(stripe.InvalidRequestError, match="No such customer"):
        client.v1.checkout.sessions.create(checkout(customer=customer.id))
    assert sandbox.violations() == []


def test_refunds_in_parts_keep_a_running_total(sandbox: RunningSandbox, client: StripeClient) -> None:
    intent = buy(sandbox, client, 10_000).payment_intent
    first = client.v1.refunds.create({"payment_intent": intent, "amount": 2000, "metadata": {"refund": "1"}})
    assert (first.status, first.amount, first.metadata["refund"]) == ("succeeded", 2000, "1")
    second = client.v1.refunds.create({"charge": first.charge, "amount": 2000, "reason": "duplicate"})
    totals = [event["data"]["object"]["amount_refunded"] for event in sandbox.events("charge.refunded")]
    assert totals == [2000, 4000]
    assert [row.id for row in client.v1.refunds.list({"payment_intent": intent}).data] == [
        second.id,
        first.id,
    ]
    with pytest.raises(stripe.InvalidRequestError, match=r"\$60.01.*\$60.00"):
        client.v1.refunds.create({"payment_intent": intent, "amount": 6001})
    assert client.v1.refunds.create({"payment_intent": intent}).amount == 6000
    charge = client.v1.charges.retrieve(first.charge, {"expand": ["refunds"]})
    assert (charge.refunded, charge.amount_refunded, len(charge.refunds.data)) == (True, 10_000, 3)
    with pytest.raises(stripe.InvalidRequestError) as caught:
        client.v1.refunds.create({"payment_intent": intent})
    assert caught.value.code == "charge_already_refunded"
    assert books_agree(sandbox, client)


@pytest.mark.parametrize(
    "params", [{}, {"charge": "ch_no"}, {"payment_intent": "pi_no"}, {"charge": "a", "payment_intent": "b"}]
)
def test_a_refund_needs_one_payment_that_exists(
    sandbox: RunningSandbox, client: StripeClient, params: Any
) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create(params)
    assert sandbox.all("refund") == []


def test_what_was_never_paid_cannot_be_refunded(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = client.v1.checkout.sessions.create(checkout())
    sandbox.pay(session.id, "later_succeeds")
    intent = client.v1.checkout.sessions.retrieve(session.id).payment_intent
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent})
    charge = client.v1.payment_intents.retrieve(intent).latest_charge
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"charge": charge})


@pytest.mark.parametrize(("ok", "status", "refunded"), [(True, "succeeded", 1900), (False, "failed", 0)])
def test_a_pending_refund_is_decided_later(
    sandbox: RunningSandbox, client: StripeClient, ok: bool, status: str, refunded: int
) -> None:
    session = buy(sandbox, client)
    sandbox.fault("refund_pending", "POST /v1/refunds")
    refund = client.v1.refunds.create({"payment_intent": session.payment_intent})
    assert (refund.status, refund.balance_transaction) == ("pending", None)
    assert client.v1.charges.retrieve(refund.charge).amount_refunded == 1900
    sandbox.settle_refund(refund.id, ok)
    assert client.v1.refunds.retrieve(refund.id).status == status
    assert client.v1.charges.retrieve(refund.charge).amount_refunded == refunded
    assert bool(sandbox.events("refund.failed")) is not ok
    assert books_agree(sandbox, client)


def test_a_refund_waits_for_the_balance_and_can_be_taken_back() -> None:
    with RunningSandbox(overdraft=0) as sandbox:
        client = client_of(sandbox)
        session = buy(sandbox, client)
        refund = client.v1.refunds.create({"payment_intent": session.payment_intent})
        assert (refund.status, refund.pending_reason) == ("pending", "insufficient_funds")
        sandbox.clock.advance(days=1, minutes=1)
        assert client.v1.refunds.retrieve(refund.id).status == "pending"
        buy(sandbox, client, 5000)
        sandbox.clock.advance(days=1, minutes=1)
        assert client.v1.refunds.retrieve(refund.id).status == "succeeded"
        other = buy(sandbox, client, 9000)
        waiting = client.v1.refunds.create({"payment_intent": other.payment_intent, "amount": 1})
        with pytest.raises(stripe.InvalidRequestError):
            client.v1.refunds.cancel(waiting.id)
        sandbox.fault("refund_pending", "POST /v1/refunds")
        waiting = client.v1.refunds.create({"payment_intent": other.payment_intent, "amount": 10})
        assert client.v1.refunds.cancel(waiting.id).status == "canceled"
        assert client.v1.charges.retrieve(waiting.charge).amount_refunded == 1
        assert books_agree(sandbox, client)


def test_a_refund_that_arrived_can_still_come_back(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = buy(sandbox, client)
    refund = client.v1.refunds.create({"payment_intent": session.payment_intent, "amount": 900})
    sandbox.settle_refund(refund.id, ok=False)
    failed = client.v1.refunds.retrieve(refund.id, {"expand": ["failure_balance_transaction"]})
    assert (failed.status, failed.failure_balance_transaction.amount) == ("failed", 900)
    charge = client.v1.charges.retrieve(refund.charge)
    assert (charge.amount_refunded, charge.refunded) == (0, False)
    assert books_agree(sandbox, client)


def test_money_pends_then_is_available(sandbox: RunningSandbox, client: StripeClient) -> None:
    buy(sandbox, client, 10_000)
    balance = client.v1.balance.retrieve()
    assert (balance.available[0].amount, balance.pending[0].amount) == (0, 10_000 - 320)
    sandbox.clock.advance(days=2, seconds=1)
    balance = client.v1.balance.retrieve()
    assert (balance.available[0].amount, balance.pending[0].amount) == (10_000 - 320, 0)
    assert client.v1.balance_transactions.list().data[0].status == "available"


def test_yen_have_no_hundredths(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = buy(sandbox, client, 1500, line_items=checkout(1500, "jpy")["line_items"])
    assert (session.amount_total, session.currency) == (1500, "jpy")
    refund = client.v1.refunds.create({"payment_intent": session.payment_intent, "amount": 500})
    assert (refund.amount, refund.currency) == (500, "jpy")
    assert books_agree(sandbox, client)


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(1900, "usd", "$19.00"), (1500, "jpy", "¥1,500"), (1234, "kwd", "1.234 KWD"), (-50, "eur", "-€0.50")],
)
def test_money_is_written_with_the_decimals_of_its_currency(amount: int, currency: str, text: str) -> None:
    assert money.written(amount, currency) == text


def test_events_can_be_listed_for_a_month(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = buy(sandbox, client)
    client.v1.customers.create({})
    since: Any = {"created": {"gte": session.created}, "types": ["checkout.session.completed", "customer.*"]}
    found = client.v1.events.list(since).data
    assert [event.type for event in found] == ["customer.created", "checkout.session.completed"]
    assert found[1].data.object.id == session.id
    assert client.v1.events.retrieve(found[0].id).type == "customer.created"
    assert client.v1.events.list({"created": {"gt": sandbox.clock.now() + 5}}).data == []
    caused = sandbox.last_event("customer.created")["request"]
    assert caused["id"].startswith("req_")
    sandbox.clock.advance(days=31)
    assert client.v1.events.list(since).data == []
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.events.retrieve(found[0].id)

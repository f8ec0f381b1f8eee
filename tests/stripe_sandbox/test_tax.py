"""Automatic tax: computed from a fixed table once the buyer's country is known."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import stripe
from stripe import StripeClient

from stripe_sandbox import taxes
from stripe_sandbox.testing import RunningSandbox

from .conftest import checkout
from .test_pages import submit

PRICES = (1900, 4999, 1)


def cart(behavior: str = "inclusive", currency: str = "eur", **more: Any) -> Any:
    """Parameters of a session with several lines and automatic tax."""
    lines = [
        {
            "price_data": {
                "currency": currency,
                "unit_amount": price,
                "tax_behavior": behavior,
                "product_data": {"name": f"Course {number}"},
            },
            "quantity": 1,
            "metadata": {"line": str(number)},
        }
        for number, price in enumerate(PRICES)
    ]
    return {**checkout(), "line_items": lines, "automatic_tax": {"enabled": True}, **more}


def opened(client: StripeClient, params: Any, expand: tuple[str, ...] = ("line_items.data.taxes",)) -> Any:
    """The session that was opened with `params`."""
    return client.v1.checkout.sessions.create({**params, "expand": list(expand)})


def found(client: StripeClient, id: str) -> Any:
    """The session with the taxes of its lines."""
    return client.v1.checkout.sessions.retrieve(id, {"expand": ["line_items.data.taxes"]})


def test_the_tax_is_unknown_until_somebody_says_where_they_live(
    sandbox: RunningSandbox, client: StripeClient
) -> None:
    session = opened(client, cart())
    assert session.automatic_tax.status == "requires_location_inputs"
    assert (session.amount_total, session.total_details.amount_tax) == (6900, 0)
    assert [line.taxes for line in session.line_items.data] == [[], [], []]
    assert "Enter your address" in requests.get(session.url, timeout=5).text


@pytest.mark.parametrize(
    ("behavior", "country", "taxed", "total"),
    [
        ("inclusive", "DE", [303, 798, 0], 6900),
        ("exclusive", "DE", [361, 950, 0], 8211),
        ("exclusive", "FI", [485, 1275, 0], 8660),
        ("inclusive", "US", [0, 0, 0], 6900),
        ("exclusive", "US", [0, 0, 0], 6900),
    ],
)
def test_tax_is_computed_per_line(
    sandbox: RunningSandbox, client: StripeClient, behavior: str, country: str, taxed: list[int], total: int
) -> None:
    session = opened(client, cart(behavior))
    sandbox.pay(session.id, country=country)
    paid = found(client, session.id)
    assert [line.amount_tax for line in paid.line_items.data] == taxed
    assert [line.taxes[0].amount for line in paid.line_items.data] == taxed
    assert paid.line_items.data[0].taxes[0].rate.inclusive is (behavior == "inclusive")
    assert (paid.amount_subtotal, paid.amount_total) == (6900, total)
    assert paid.total_details.amount_tax == sum(taxed)
    assert (paid.automatic_tax.status, paid.customer_details.address.country) == ("complete", country)
    [charge] = sandbox.all("charge")
    assert (charge["amount"], charge["billing_details"]["address"]["country"]) == (total, country)


@pytest.mark.parametrize(
    ("tax_id", "reason"),
    [
        ("NL123456789B01", "reverse_charge"),
        ("DE123456789", "reverse_charge"),
        ("GB123456789", "standard_rated"),
        ("", "standard_rated"),
    ],
)
def test_a_business_in_another_eu_country_owes_the_tax_itself(
    sandbox: RunningSandbox, client: StripeClient, tax_id: str, reason: str
) -> None:
    session = opened(client, cart("exclusive", tax_id_collection={"enabled": True}))
    sandbox.pay(session.id, country="NL", tax_id=tax_id, business="Acme B.V.")
    paid = found(client, session.id)
    assert {line.taxes[0].taxability_reason for line in paid.line_items.data} == {reason}
    assert (paid.total_details.amount_tax == 0) is (reason == "reverse_charge")
    assert [one.value for one in paid.customer_details.tax_ids] == ([tax_id] if tax_id else [])


def test_in_the_seller_s_own_country_a_business_pays_tax() -> None:
    ids = [{"type": "eu_vat", "value": "DE123456789"}]
    assert taxes.rate_of("DE", "DE", ids) == (1900, "standard_rated")
    assert taxes.rate_of("US", "DE", ids) == (1900, "standard_rated")


def test_each_price_says_whether_it_includes_tax(sandbox: RunningSandbox, client: StripeClient) -> None:
    lines = cart()["line_items"]
    del lines[1]["price_data"]["tax_behavior"]
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        opened(client, cart(line_items=lines))
    assert refusal.value.param == "line_items[1][price_data][tax_behavior]"


def test_a_customer_with_an_address_sees_the_tax_at_once(
    sandbox: RunningSandbox, client: StripeClient
) -> None:
    customer = client.v1.customers.create({"email": "ada@example.com", "address": {"country": "AT"}})
    session = opened(client, cart(customer=customer.id))
    assert (session.automatic_tax.status, session.total_details.amount_tax) == ("complete", 1150)


def test_an_address_is_needed_and_kept_with_the_customer(
    sandbox: RunningSandbox, client: StripeClient
) -> None:
    customer = client.v1.customers.create({"email": "ada@example.com"})
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        opened(client, cart(customer=customer.id))
    assert refusal.value.code == "customer_tax_location_invalid"
    session = opened(client, cart(customer=customer.id, customer_update={"address": "auto"}))
    sandbox.pay(session.id, country="FR")
    assert client.v1.customers.retrieve(customer.id).address.country == "FR"
    assert sandbox.last_event("customer.updated")["data"]["previous_attributes"] == {"address": None}


def test_the_page_calculates_the_tax_before_it_is_paid(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = opened(client, cart("exclusive", customer_email="ada@example.com"))
    address = {"country": "DE", "line1": "Hauptstraße 1", "postal_code": "10115", "city": "Berlin"}
    page = submit(session.url, choice="update", **address).text
    assert "VAT 19 %" in page
    assert "€82.11" in page
    assert "Hauptstraße 1" in page
    assert submit(session.url, choice="card", **address).status_code == 303
    assert found(client, session.id).amount_total == 8211


def test_another_country_after_a_declined_card_changes_what_is_charged(
    sandbox: RunningSandbox, client: StripeClient
) -> None:
    session = opened(client, cart("exclusive"))
    sandbox.pay(session.id, "declined", country="DE")
    sandbox.pay(session.id, country="US")
    paid = found(client, session.id)
    [intent] = sandbox.all("payment_intent")
    assert paid.amount_total == intent["amount"] == intent["amount_received"] == 6900


@pytest.mark.parametrize(
    ("field", "value"),
    [("city", ""), ("line1", ""), ("postal_code", ""), ("country", "XX"), ("tax_id", "123")],
)
def test_an_address_is_checked(sandbox: RunningSandbox, client: StripeClient, field: str, value: str) -> None:
    session = opened(client, cart(tax_id_collection={"enabled": True}))
    typed = {"country": "DE", "line1": "Street 1", "postal_code": "1", "city": "Berlin", field: value}
    answer = submit(session.url, choice="card", **typed)
    assert answer.status_code == 422
    assert f'id="{field}-error"' in answer.text
    assert sandbox.all("charge") == []


@pytest.mark.parametrize(("currency", "amount"), [("kwd", 1905), ("isk", 1950), ("ugx", 5050)])
def test_amounts_between_two_steps_are_refused(
    sandbox: RunningSandbox, client: StripeClient, currency: str, amount: int
) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        client.v1.checkout.sessions.create(checkout(amount, currency))
    assert refusal.value.param == "line_items[0][price_data][unit_amount]"


@pytest.mark.parametrize(
    ("currency", "few", "enough"),
    [("usd", 2, 3), ("jpy", 2, 3), ("gbp", 1, 2), ("kwd", 2, 3), ("czk", 74, 75)],
)
def test_the_least_charge_counts_for_all_lines_together(
    sandbox: RunningSandbox, client: StripeClient, currency: str, few: int, enough: int
) -> None:
    def ask(lines: int) -> Any:
        line = checkout(20, currency)["line_items"][0]
        return client.v1.checkout.sessions.create(checkout(line_items=[line] * lines))

    with pytest.raises(stripe.InvalidRequestError) as refusal:
        ask(few)
    assert refusal.value.code == "amount_too_small"
    assert ask(enough).amount_total == 20 * enough

"""Customers, the cards they keep, and what the bank prints."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import stripe
from stripe import StripeClient

from stripe_sandbox.testing import RunningSandbox

from .conftest import checkout
from .test_pages import CARD, submit

SAVES = {"payment_method_save": "enabled", "payment_method_remove": "enabled"}


def opened(client: StripeClient, **more: Any) -> Any:
    """A session of a customer who may keep a card."""
    if "customer" not in more:
        more["customer"] = client.v1.customers.create({"email": "ada@example.com"}).id
    return client.v1.checkout.sessions.create(checkout(saved_payment_method_options=SAVES, **more))


def test_a_card_is_kept_only_by_consent(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = opened(client)
    sandbox.pay(session.id)
    assert sandbox.saved_cards(session.customer) == []
    again = opened(client, customer=session.customer)
    assert "Save this card" in requests.get(again.url, timeout=5).text
    assert submit(again.url, choice="card", keep_card="on").status_code == 303
    [kept] = sandbox.saved_cards(session.customer)
    assert (kept["card"]["last4"], kept["allow_redisplay"]) == ("4242", "always")
    assert len(sandbox.events("payment_method.attached")) == 1


def test_a_kept_card_pays_and_can_be_removed(sandbox: RunningSandbox, client: StripeClient) -> None:
    first = opened(client)
    sandbox.pay(first.id, "4000002760000016", keep_card=True)
    [kept] = sandbox.saved_cards(first.customer)
    second = opened(client, customer=first.customer)
    assert "••••&nbsp;0016" in requests.get(second.url, timeout=5).text
    assert submit(second.url, saved=kept["id"]).status_code == 303
    charge = sandbox.all("charge")[-1]
    assert charge["payment_method"] == kept["id"]
    assert charge["payment_method_details"]["card"]["country"] == "DE"
    third = opened(client, customer=first.customer)
    sandbox.pay(third.id, "4000002760000016", keep_card=True)  # is kept already
    assert len(sandbox.saved_cards(first.customer)) == 1
    fourth = opened(client, customer=first.customer)
    submit(fourth.url, remove=kept["id"])
    assert sandbox.saved_cards(first.customer) == []


def test_somebody_else_s_card_is_not_offered(sandbox: RunningSandbox, client: StripeClient) -> None:
    first = opened(client)
    sandbox.pay(first.id, "4000002760000016", keep_card=True)
    [kept] = sandbox.saved_cards(first.customer)
    other = opened(client)
    assert "0016" not in requests.get(other.url, timeout=5).text
    submit(other.url, remove=kept["id"])
    submit(other.url, saved=kept["id"])
    assert len(sandbox.saved_cards(first.customer)) == 1
    assert sandbox.all("charge")[-1]["payment_method_details"]["card"]["last4"] == "4242"


def test_a_typed_card_is_kept_after_3_d_secure(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = opened(client)
    submit(session.url, **{**CARD, "number": "4000 0000 0000 3220"}, keep_card="on")
    assert sandbox.saved_cards(session.customer) == []
    assert "ending in 3220" in requests.get(f"{session.url}/bank", timeout=5).text
    submit(f"{session.url}/bank", answer="complete")
    assert [card["card"]["last4"] for card in sandbox.saved_cards(session.customer)] == ["3220"]


def test_only_a_customer_keeps_a_card(sandbox: RunningSandbox, client: StripeClient) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="customer"):
        client.v1.checkout.sessions.create(checkout(saved_payment_method_options=SAVES))
    with pytest.raises(stripe.InvalidRequestError, match="customer_update"):
        client.v1.checkout.sessions.create(checkout(customer_update={"address": "auto"}))
    with pytest.raises(stripe.InvalidRequestError, match=r"customer_update\[name\]"):
        opened(client, tax_id_collection={"enabled": True})


def test_the_statement_names_the_shop(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = opened(client, payment_intent_data={"statement_descriptor_suffix": "COURSES"})
    sandbox.pay(session.id)
    assert sandbox.all("charge")[-1]["calculated_statement_descriptor"] == "SANDBOX* COURSES"
    for suffix in ("2026", "a*b", "Ü", "a" * 23):
        with pytest.raises(stripe.InvalidRequestError):
            opened(client, payment_intent_data={"statement_descriptor_suffix": suffix})


def test_a_payment_method_is_expanded(sandbox: RunningSandbox, client: StripeClient) -> None:
    session = opened(client)
    sandbox.pay(session.id)
    expand = ["payment_intent.payment_method", "payment_intent.latest_charge"]
    paid = client.v1.checkout.sessions.retrieve(session.id, {"expand": expand})
    assert paid.payment_intent.payment_method.card.brand == "visa"
    assert paid.payment_intent.latest_charge.payment_method_details.card.last4 == "4242"

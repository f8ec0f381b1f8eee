"""A sandbox per test, and the library an app would use to talk to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import stripe

from stripe_sandbox.testing import RunningSandbox
from tests.stripe_spec import stripe_spec

stripe.enable_telemetry = False
SUCCESS = "http://127.0.0.1:5999/done?session={CHECKOUT_SESSION_ID}"
CANCEL = "http://127.0.0.1:5999/cancelled"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library would ask a proxy even for loopback."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")


@pytest.fixture
def sandbox() -> Iterator[RunningSandbox]:
    """Events are collected. Every event and every answer is held to Stripe's schemas when the test ends."""
    with RunningSandbox(spec=stripe_spec()) as running:
        yield running
        assert running.violations(sent=False) == []


def client_of(sandbox: RunningSandbox, retries: int = 0, key: str | None = None) -> stripe.StripeClient:
    """stripe-python, pointed at a sandbox."""
    return stripe.StripeClient(
        key or sandbox.api_key,
        base_addresses={"api": sandbox.url},
        max_network_retries=retries,
        http_client=stripe.RequestsClient(timeout=5),
    )


@pytest.fixture
def client(sandbox: RunningSandbox) -> stripe.StripeClient:
    """A client without retries."""
    return client_of(sandbox)


def checkout(amount: int = 1900, currency: str = "usd", **more: Any) -> Any:
    """Parameters of an ordinary one-line session."""
    price = {"currency": currency, "unit_amount": amount, "product_data": {"name": "Practical SQL"}}
    return {
        "mode": "payment",
        "line_items": [{"price_data": price, "quantity": 1}],
        "success_url": SUCCESS,
        "cancel_url": CANCEL,
        **more,
    }


def buy(sandbox: RunningSandbox, client: stripe.StripeClient, amount: int = 1900, **more: Any) -> Any:
    """A paid session, as the API shows it."""
    session = client.v1.checkout.sessions.create(checkout(amount, **more))
    sandbox.pay(session.id)
    return client.v1.checkout.sessions.retrieve(session.id)

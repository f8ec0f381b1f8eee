"""Payment intents and charges, read-only: the hosted page creates them."""

from __future__ import annotations

from ..endpoints import Call, Endpoint, pages, takes
from ..parameters import Text
from ..store import Body


def intent(call: Call) -> Body:
    """`GET /v1/payment_intents/{id}`."""
    return call.sandbox.get("payment_intent", call.ids["id"], "intent")


def intents(call: Call) -> Body:
    """`GET /v1/payment_intents`."""
    return call.list("payment_intent", "created", "customer")


def charge(call: Call) -> Body:
    """`GET /v1/charges/{id}`."""
    return call.sandbox.get("charge", call.ids["id"])


def charges(call: Call) -> Body:
    """`GET /v1/charges`."""
    return call.list("charge", "created", "customer", "payment_intent", "transfer_group")


CHARGES = pages(customer=Text(), payment_intent=Text(), transfer_group=Text())
ENDPOINTS = (
    Endpoint("GET", "/v1/payment_intents/<id>", takes(client_secret=Text()), "payment_intent", intent),
    Endpoint("GET", "/v1/payment_intents", pages(customer=Text()), "payment_intent", intents, listed=True),
    Endpoint("GET", "/v1/charges/<id>", takes(), "charge", charge),
    Endpoint("GET", "/v1/charges", CHARGES, "charge", charges, listed=True),
)

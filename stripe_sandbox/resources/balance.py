"""The account's balance and its transactions."""

from __future__ import annotations

from ..endpoints import Call, Endpoint, pages, takes
from ..ledger import totals
from ..parameters import Currency, Text
from ..store import Body


def balance(call: Call) -> Body:
    """`GET /v1/balance`: available and pending, per currency."""
    sums = totals(call.sandbox) or {"usd": (0, 0)}
    rows = sorted(sums.items())
    return {
        "object": "balance",
        "available": [
            {"amount": free, "currency": code, "source_types": {"card": free}} for code, (free, _) in rows
        ],
        "livemode": False,
        "pending": [
            {"amount": due, "currency": code, "source_types": {"card": due}} for code, (_, due) in rows
        ],
    }


def transaction(call: Call) -> Body:
    """`GET /v1/balance_transactions/{id}`."""
    return call.sandbox.get("balance_transaction", call.ids["id"])


def transactions(call: Call) -> Body:
    """`GET /v1/balance_transactions`."""
    return call.list("balance_transaction", "created", "currency", "source", "type")


LIST = pages(currency=Currency(), source=Text(), type=Text())
ENDPOINTS = (
    Endpoint("GET", "/v1/balance", takes(), "balance", balance),
    Endpoint("GET", "/v1/balance_transactions", LIST, "balance_transaction", transactions, listed=True),
    Endpoint("GET", "/v1/balance_transactions/<id>", takes(), "balance_transaction", transaction),
)

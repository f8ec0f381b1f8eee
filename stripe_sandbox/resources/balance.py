"""The account's balance and its transactions."""

from __future__ import annotations

from ..accounts import accessible
from ..endpoints import Call, Endpoint, pages, takes
from ..ledger import account_totals, totals
from ..parameters import Currency, Text
from ..store import Body


def balance(call: Call) -> Body:
    """`GET /v1/balance`: available and pending, per currency; a connected account's by its header."""
    if call.account:
        sums = account_totals(call.sandbox, accessible(call.sandbox, call.account))
    else:
        sums = totals(call.sandbox)
    rows = sorted((sums or {"usd": (0, 0)}).items())
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
    return call.list("balance_transaction", "created", "currency", "source", "type", "payout")


LIST = pages(currency=Currency(), payout=Text(), source=Text(), type=Text())
ENDPOINTS = (
    Endpoint("GET", "/v1/balance", takes(), "balance", balance, connected=True),
    Endpoint("GET", "/v1/balance_transactions", LIST, "balance_transaction", transactions, listed=True),
    Endpoint("GET", "/v1/balance_transactions/<id>", takes(), "balance_transaction", transaction),
)

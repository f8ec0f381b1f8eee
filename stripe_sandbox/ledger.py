"""Balance transactions: every movement of the account's money; the balance is their sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import money
from .store import Body

# How reports call a movement whose type is another word.
CATEGORIES = {
    "adjustment": "dispute",
    "payout_failure": "payout_reversal",
    "transfer_refund": "transfer_reversal",
}

if TYPE_CHECKING:
    from .engine import Sandbox


# Read from the index alone: its expressions are repeated here letter by letter.
NET, SINCE = "json_extract(body, '$.net')", "json_extract(body, '$.available_on')"
SUMS = f"""
SELECT json_extract(body, '$.currency') AS currency,
    SUM(CASE WHEN {SINCE} <= :now THEN {NET} ELSE 0 END) AS free,
    SUM(CASE WHEN {SINCE} > :now THEN {NET} ELSE 0 END) AS due
FROM objects INDEXED BY balance_rows WHERE kind = 'balance_transaction'
GROUP BY json_extract(body, '$.currency')
"""


def move(sandbox: Sandbox, type: str, source: Body, amount: int, available_on: int, fee: int = 0) -> Body:
    """Record a movement of `amount` (minor units, negative if outgoing) for `source`."""
    currency = source["currency"]
    description = "Stripe processing fees"
    kept = {"amount": fee, "application": None, "currency": currency, "description": description}
    return sandbox.store.add(
        {
            "id": sandbox.ids.make("txn_1"),
            "object": "balance_transaction",
            "amount": amount,
            "available_on": available_on,
            "balance_type": "payments",
            "created": sandbox.now(),
            "currency": currency,
            "description": source["description"],
            "exchange_rate": None,
            "fee": fee,
            "fee_details": [{**kept, "type": "stripe_fee"}] if fee else [],
            "net": amount - fee,
            "reporting_category": CATEGORIES.get(type, type),
            "source": source["id"],
            "type": type,
        }
    )


def receive(sandbox: Sandbox, charge: Body) -> Body:
    """Record an incoming payment: pending at first (but for one test card), less Stripe's fee."""
    waits = 0 if charge.get("_then") == "available" else sandbox.settings.available_after
    available_on = sandbox.now() + waits
    fee = money.fee(charge["amount"], charge["currency"])
    return move(sandbox, "charge", charge, charge["amount"], available_on, fee)


def totals(sandbox: Sandbox) -> dict[str, tuple[int, int]]:
    """Sum available and pending per currency, in minor units."""
    rows = sandbox.store.run(SUMS, {"now": sandbox.now()})
    return {row["currency"]: (row["free"], row["due"]) for row in rows}


def account_totals(sandbox: Sandbox, account: Body) -> dict[str, tuple[int, int]]:
    """Sum available and pending of a connected account: what was transferred, less what its bank received."""
    now = sandbox.now()
    sums = {code: (-amount, 0) for code, amount in account["_paid_out"].items()}
    for row in sandbox.store.having("transfer", "destination", account["id"]):
        free, due = sums.get(row["currency"], (0, 0))
        left = row["amount"] - row["amount_reversed"]
        sums[row["currency"]] = (free + left, due) if row["_available_on"] <= now else (free, due + left)
    return sums

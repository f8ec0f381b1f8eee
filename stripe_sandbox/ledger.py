"""Balance transactions: every movement of the account's money; the balance is their sum."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import money
from .store import Body

if TYPE_CHECKING:
    from .engine import Sandbox


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
            "reporting_category": type,
            "source": source["id"],
            "type": type,
        }
    )


def receive(sandbox: Sandbox, charge: Body) -> Body:
    """Record an incoming payment: pending at first, less Stripe's fee."""
    available_on = sandbox.now() + sandbox.settings.available_after
    fee = money.fee(charge["amount"], charge["currency"])
    return move(sandbox, "charge", charge, charge["amount"], available_on, fee)


def totals(sandbox: Sandbox) -> dict[str, tuple[int, int]]:
    """Sum available and pending per currency, in minor units."""
    now = sandbox.now()
    sums: dict[str, tuple[int, int]] = {}
    for row in sandbox.store.all("balance_transaction"):
        free, due = sums.get(row["currency"], (0, 0))
        if row["available_on"] <= now:
            free += row["net"]
        else:
            due += row["net"]
        sums[row["currency"]] = (free, due)
    return sums

"""Events that don't come from the shop's requests: an unknown payment, a payout that the bank refuses."""

from __future__ import annotations

from . import ledger
from .cards import BY_NAME
from .checkout import arrive
from .engine import Sandbox
from .intents import blank_charge, blank_intent
from .sessions import buyer_details
from .settings import DAY
from .store import Body

AMOUNT, CURRENCY = 2500, "usd"


def pay_unasked(sandbox: Sandbox) -> Body:
    """Create a payment made in Stripe's dashboard, by an invoice or payment link; returns the charge."""
    asked = {
        "_payment": {"description": "Made in the dashboard"},
        "amount_total": AMOUNT,
        "currency": CURRENCY,
        "customer": None,
        "customer_details": buyer_details("buyer@example.com"),
        "payment_method_types": ["card"],
    }
    with sandbox.store.transaction():
        intent = sandbox.store.add(blank_intent(sandbox, asked))
        sandbox.emit("payment_intent.created", intent)
        charge = sandbox.store.add(blank_charge(sandbox, asked, intent, BY_NAME["card"], "succeeded"))
        arrive(sandbox, intent, charge)
        return charge


def refuse_payout(sandbox: Sandbox) -> Body:
    """Create a payout that the bank rejects."""
    with sandbox.store.transaction():
        row: Body = {
            "id": sandbox.ids.make("po_1"),
            "object": "payout",
            "amount": AMOUNT,
            "arrival_date": sandbox.now() + 2 * DAY,
            "automatic": True,
            "balance_transaction": None,
            "created": sandbox.now(),
            "currency": CURRENCY,
            "description": "STRIPE PAYOUT",
            "failure_balance_transaction": None,
            "failure_code": None,
            "failure_message": None,
            "livemode": False,
            "metadata": {},
            "method": "standard",
            "reconciliation_status": "not_applicable",
            "source_type": "card",
            "status": "pending",
            "type": "bank_account",
        }
        row["balance_transaction"] = ledger.move(sandbox, "payout", row, -AMOUNT, sandbox.now())["id"]
        sandbox.store.add(row)
        sandbox.emit("payout.created", row)
        back = ledger.move(sandbox, "payout_failure", row, AMOUNT, sandbox.now())
        row.update(
            status="failed",
            failure_balance_transaction=back["id"],
            failure_code="account_closed",
            failure_message="The bank account has been closed.",
        )
        sandbox.store.save(row)
        sandbox.emit("payout.failed", row)
        return row

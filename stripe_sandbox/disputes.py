"""Disputes: the buyer's bank takes the money back, and decides later."""

from __future__ import annotations

from . import ledger
from .engine import Sandbox
from .errors import StripeError
from .settings import DAY
from .store import Body

FEE = 1500
DAYS_TO_ANSWER = 7
EVIDENCE = (
    "access_activity_log", "billing_address", "cancellation_policy", "cancellation_policy_disclosure",
    "cancellation_rebuttal", "customer_communication", "customer_email_address", "customer_name",
    "customer_purchase_ip", "customer_signature", "duplicate_charge_documentation",
    "duplicate_charge_explanation", "duplicate_charge_id", "product_description", "receipt", "refund_policy",
    "refund_policy_disclosure", "refund_refusal_explanation", "service_date", "service_documentation",
    "shipping_address", "shipping_carrier", "shipping_date", "shipping_documentation",
    "shipping_tracking_number", "uncategorized_file", "uncategorized_text",
)  # fmt: skip


def dispute(sandbox: Sandbox, charge_id: str) -> Body:
    """Dispute a payment: the bank takes the rest of it, and Stripe its fee.

    Raises StripeError for a payment that didn't succeed, is disputed already, or was refunded.
    """
    with sandbox.store.transaction():
        charge = sandbox.get("charge", charge_id)
        amount = charge["amount"] - charge["amount_refunded"]
        if charge["status"] != "succeeded" or charge["disputed"] or amount == 0:
            raise StripeError(f"Charge {charge_id} can’t be disputed.")
        row = sandbox.store.add(blank(sandbox, charge, amount))
        charge["disputed"] = True
        sandbox.store.save(charge)
        sandbox.emit("charge.dispute.created", row)
        move(sandbox, row, charge, -amount, FEE)
        sandbox.emit("charge.dispute.funds_withdrawn", row)
        return row


def blank(sandbox: Sandbox, charge: Body, amount: int) -> Body:
    """Build a dispute in status `needs_response`."""
    return {
        "id": sandbox.ids.make("dp_1"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": sandbox.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {**dict.fromkeys(EVIDENCE), "enhanced_evidence": {}},
        "evidence_details": {
            "due_by": sandbox.now() + DAYS_TO_ANSWER * DAY,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": False,
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": "fraudulent",
        "status": "needs_response",
    }


def decide(sandbox: Sandbox, dispute_id: str, won: bool) -> Body:
    """Close a dispute: `won` returns the money (not the fee).

    Raises StripeError for a closed one.
    """
    with sandbox.store.transaction():
        row = sandbox.get("dispute", dispute_id)
        if row["status"] in ("won", "lost"):
            raise StripeError(f"Dispute {dispute_id} is {row['status']} already.")
        earlier = row["status"]
        row["status"] = "won" if won else "lost"
        sandbox.store.save(row)
        sandbox.emit("charge.dispute.closed", row, {"status": earlier})
        if won:
            move(sandbox, row, sandbox.get("charge", row["charge"]), row["amount"])
            sandbox.emit("charge.dispute.funds_reinstated", row)
        return row


def move(sandbox: Sandbox, row: Body, charge: Body, amount: int, fee: int = 0) -> None:
    """Move money from or to the balance, and record it in the dispute."""
    source = {**row, "description": charge["description"]}
    moved = ledger.move(sandbox, "adjustment", source, amount, sandbox.now(), fee)
    status = {"status": "available"}
    row["balance_transactions"] = [*row["balance_transactions"], {**moved, **status}]
    sandbox.store.save(row)

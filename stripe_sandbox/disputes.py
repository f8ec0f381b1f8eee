"""Disputes: the buyer's bank takes the money back, and decides later.

Whether the money is with the bank follows from the status alone, so every change of status moves it.
"""

from __future__ import annotations

from . import fraud_warnings, ledger
from .engine import TIMERS, Sandbox
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


# Statuses in which the bank holds the money; inquiries ("warning"), prevented and won disputes leave it here.
TAKEN = frozenset(("needs_response", "under_review", "lost", "appeal_needs_response", "appeal_under_review"))
CLOSED = frozenset(("won", "lost", "warning_closed", "prevented"))
ANSWERABLE = {
    "needs_response": "under_review",
    "warning_needs_response": "warning_under_review",
    "appeal_needs_response": "appeal_under_review",
}
# What may follow each status: by our answer, by the bank, or by the passing of time.
NEXT = {
    "warning_needs_response": ("warning_under_review", "warning_closed", "needs_response", "prevented"),
    "warning_under_review": ("warning_closed", "needs_response"),
    "needs_response": ("under_review", "won", "lost", "prevented"),
    "under_review": ("won", "lost"),
    "won": ("lost",),
    "lost": ("won", "appeal_needs_response"),
    "appeal_needs_response": ("appeal_under_review", "won", "lost"),
    "appeal_under_review": ("won", "lost"),
}
FIRST = ("needs_response", "warning_needs_response", "prevented")


def dispute(
    sandbox: Sandbox,
    charge_id: str,
    status: str = "needs_response",
    amount: int | None = None,
    reason: str = "fraudulent",
) -> Body:
    """Dispute a payment: the bank takes `amount` (minor units; the rest of it, unless said), Stripe its fee.

    `status` is one of FIRST: `warning_needs_response` is an inquiry. Raises StripeError for a payment that
    didn't succeed, is disputed already, or was refunded.
    """
    with sandbox.store.transaction():
        charge = sandbox.get("charge", charge_id)
        rest = charge["amount"] - charge["amount_refunded"]
        amount = rest if amount is None else amount
        if charge["status"] != "succeeded" or charge["disputed"] or not 0 < amount <= rest:
            raise StripeError(f"Charge {charge_id} can’t be disputed.")
        if status not in FIRST:
            raise StripeError(f"A dispute doesn’t begin as {status}.")
        row = blank(sandbox, charge, amount, status)
        row["reason"] = reason
        sandbox.store.add(row)
        charge.update(disputed=True, _dispute=row["id"])
        sandbox.store.save(charge)
        sandbox.emit("charge.dispute.created", row)
        settle(sandbox, row)
        if status == "prevented":
            sandbox.emit("charge.dispute.closed", row)
        fraud_warnings.refresh(sandbox, charge)
        sandbox.store.set_timer(row["evidence_details"]["due_by"], "dispute_due", row["id"])
        return row


def blank(sandbox: Sandbox, charge: Body, amount: int, status: str) -> Body:
    """Build a dispute that has moved no money yet."""
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
        "is_charge_refundable": status.startswith("warning_"),
        "livemode": False,
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": "fraudulent",
        "status": status,
        "_fee_taken": False,
        "_taken": False,
    }


def become(sandbox: Sandbox, dispute_id: str, status: str, request: Body | None = None) -> Body:
    """Change a dispute's status and move the money that goes with it; returns the dispute.

    Raises StripeError for a status that can't follow the present one.
    """
    with sandbox.store.transaction():
        row = sandbox.get("dispute", dispute_id)
        earlier = row["status"]
        if status not in NEXT.get(earlier, ()):
            raise StripeError(f"Dispute {dispute_id} is {earlier}, which {status} can’t follow.")
        row.update(status=status, is_charge_refundable=status.startswith("warning_") or status == "won")
        if status in ANSWERABLE:
            row["evidence_details"].update(due_by=sandbox.now() + DAYS_TO_ANSWER * DAY, past_due=False)
            sandbox.store.set_timer(row["evidence_details"]["due_by"], "dispute_due", row["id"])
        sandbox.store.save(row)
        event = "charge.dispute.closed" if status in CLOSED else "charge.dispute.updated"
        sandbox.emit(event, row, {"status": earlier}, request)
        settle(sandbox, row)
        return row


def decide(sandbox: Sandbox, dispute_id: str, won: bool) -> Body:
    """Let the bank decide an open dispute: `won` returns the money (not the fee).

    Raises StripeError for one that is decided.
    """
    row = sandbox.get("dispute", dispute_id)
    if row["status"] in CLOSED:
        raise StripeError(f"Dispute {dispute_id} is {row['status']} already.")
    if row["status"].startswith("warning_"):
        return become(sandbox, dispute_id, "warning_closed" if won else "needs_response")
    return become(sandbox, dispute_id, "won" if won else "lost")


def answer(sandbox: Sandbox, row: Body, evidence: Body, submit: bool, request: Body) -> Body:
    """Add evidence to a dispute, and with `submit` send it for good. StripeError when it is too late."""
    if row["status"] not in ANSWERABLE:
        raise StripeError(f"This dispute is {row['status'].replace('_', ' ')}: evidence can’t be changed.")
    row["evidence"].update(evidence)
    details = row["evidence_details"]
    details["has_evidence"] = any(row["evidence"][name] for name in EVIDENCE)
    if not submit:
        sandbox.store.save(row)
        sandbox.emit("charge.dispute.updated", row, request=request)
        return row
    details["submission_count"] += 1
    details["submission_method"] = "manual"
    sandbox.store.save(row)
    return become(sandbox, row["id"], ANSWERABLE[row["status"]], request)


def settle(sandbox: Sandbox, row: Body) -> None:
    """Move the money to where the dispute's status says it is, if it isn't there."""
    taken = row["status"] in TAKEN
    if taken == row["_taken"]:
        return
    row["_taken"] = taken
    fee = FEE if taken and not row["_fee_taken"] else 0
    row["_fee_taken"] = row["_fee_taken"] or taken
    charge = sandbox.get("charge", row["charge"])
    move(sandbox, row, charge, -row["amount"] if taken else row["amount"], fee)
    sandbox.emit(f"charge.dispute.funds_{'withdrawn' if taken else 'reinstated'}", row)


def move(sandbox: Sandbox, row: Body, charge: Body, amount: int, fee: int) -> None:
    """Move money from or to the balance, and record it in the dispute."""
    source = {**row, "description": charge["description"]}
    moved = ledger.move(sandbox, "adjustment", source, amount, sandbox.now(), fee)
    if amount > 0:
        moved["reporting_category"] = "dispute_reversal"
        sandbox.store.save(moved)
    row["balance_transactions"] = [*row["balance_transactions"], {**moved, "status": "available"}]
    sandbox.store.save(row)


def refused(sandbox: Sandbox, charge: Body) -> bool:
    """Tell whether a dispute forbids to refund this payment."""
    dispute = sandbox.store.find("dispute", charge.get("_dispute", ""))
    return dispute is not None and not dispute["is_charge_refundable"]


def refunded(sandbox: Sandbox, charge: Body) -> None:
    """End an inquiry whose payment was refunded in full: there is nothing left to dispute."""
    row = sandbox.store.find("dispute", charge.get("_dispute", ""))
    if (
        row is not None
        and charge["refunded"]
        and row["status"].startswith("warning_")
        and row["status"] not in CLOSED
    ):
        become(sandbox, row["id"], "warning_closed")


def lapse(sandbox: Sandbox, dispute_id: str) -> None:
    """Timer, on the due date: a dispute that nobody answered is lost, an inquiry ends."""
    row = sandbox.store.find("dispute", dispute_id)
    if row is None or row["status"] not in ANSWERABLE or sandbox.now() < row["evidence_details"]["due_by"]:
        return
    row["evidence_details"]["past_due"] = True
    sandbox.store.save(row)
    become(sandbox, dispute_id, "warning_closed" if row["status"].startswith("warning_") else "lost")


TIMERS["dispute_due"] = lapse

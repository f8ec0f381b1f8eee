"""The lifecycle of a refund: created, waiting for funds or the buyer, succeeded, failed, canceled."""

from __future__ import annotations

from . import disputes, fraud_warnings, ledger
from .engine import TIMERS, Sandbox
from .errors import StripeError
from .settings import DAY
from .store import Body

WAITING = ("pending", "requires_action")


def refund(
    sandbox: Sandbox,
    charge: Body,
    amount: int,
    stated: Body,
    request: Body | None = None,
    waits: str = "",
) -> Body:
    """Refund `amount`. It stays `pending` when the balance is too low.

    `waits` leaves it "pending" or "requires_action" in any case. `stated` holds `reason` and `metadata`. The
    charge's `amount_refunded` counts it at once either way.
    """
    row = blank(sandbox, charge, amount)
    row.update(stated)
    if charge.get("_then") == "refund_waits":
        waits = waits or "pending"
    if charge.get("_then") == "refund_fails":
        sandbox.store.set_timer(sandbox.now() + DAY, "fail_refund", row["id"])
    available, pending = ledger.totals(sandbox).get(charge["currency"], (0, 0))
    if waits == "requires_action":
        row.update(status="requires_action", next_action=email_sent(sandbox))
    elif waits or available + pending + sandbox.settings.overdraft < amount:
        row.update(status="pending", pending_reason="insufficient_funds")
        sandbox.store.set_timer(sandbox.now() + DAY, "retry_refund", row["id"])
    else:
        row["balance_transaction"] = ledger.move(sandbox, "refund", row, -amount, sandbox.now())["id"]
    sandbox.store.add(row)
    sandbox.emit("refund.created", row, request=request)
    count(sandbox, charge["id"], amount, request)
    return row


def blank(sandbox: Sandbox, charge: Body, amount: int) -> Body:
    """Build a refund that succeeds."""
    return {
        "id": sandbox.ids.make("re_3"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": None,
        "charge": charge["id"],
        "created": sandbox.now(),
        "currency": charge["currency"],
        "description": f"REFUND FOR CHARGE ({charge['description']})" if charge["description"] else None,
        "destination_details": {
            "type": "card", "card": {"type": "refund", "reference_status": "pending"},
        },
        "metadata": {},
        "payment_intent": charge["payment_intent"],
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": "succeeded",
        "transfer_reversal": None,
    }  # fmt: skip


def email_sent(sandbox: Sandbox) -> Body:
    """Build what a refund waits for: the buyer was asked for their bank account."""
    sent = {"email_sent_at": sandbox.now(), "email_sent_to": "buyer@example.com"}
    details = {"email_sent": sent, "expires_at": sandbox.now() + 45 * DAY}
    return {"type": "display_details", "display_details": details}


def count(sandbox: Sandbox, charge_id: str, amount: int, request: Body | None = None) -> None:
    """Add `amount` (or subtract a negative one) to the charge's `amount_refunded`."""
    charge = sandbox.get("charge", charge_id)
    earlier = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    sandbox.store.save(charge)
    sandbox.emit("charge.refunded" if amount > 0 else "charge.updated", charge, earlier, request)
    fraud_warnings.refresh(sandbox, charge)
    disputes.refunded(sandbox, charge)


def changed(sandbox: Sandbox, row: Body, earlier: str, request: Body | None = None) -> Body:
    """Save a refund whose status changed and emit its events."""
    sandbox.store.save(row)
    sandbox.emit("refund.updated", row, {"status": earlier}, request)
    sandbox.emit("charge.refund.updated", row, {"status": earlier}, request)
    return row


def settle(sandbox: Sandbox, refund_id: str, ok: bool = True) -> Body:
    """Settle a refund that waits: it succeeds or fails. A succeeded one can still fail (the card was closed).

    Raises StripeError for one that is final.
    """
    with sandbox.store.transaction():
        row = sandbox.get("refund", refund_id)
        earlier = row["status"]
        if earlier in WAITING and ok:
            row.update(status="succeeded")
            row.pop("pending_reason", None)
            row.pop("next_action", None)
            row["balance_transaction"] = ledger.move(sandbox, "refund", row, -row["amount"], sandbox.now())[
                "id"
            ]
            return changed(sandbox, row, earlier)
        if ok or earlier not in (*WAITING, "succeeded"):
            raise StripeError(f"Refund {refund_id} is {row['status']} already.")
        return fail(sandbox, row)


def fail(sandbox: Sandbox, row: Body) -> Body:
    """Fail a refund: its money returns to the balance, and it no longer counts as refunded."""
    earlier = row["status"]
    row.update(status="failed", failure_reason="expired_or_canceled_card")
    row.pop("pending_reason", None)
    row.pop("next_action", None)
    if row["balance_transaction"]:
        back = ledger.move(sandbox, "refund_failure", row, row["amount"], sandbox.now())
        row["failure_balance_transaction"] = back["id"]
    changed(sandbox, row, earlier)
    sandbox.emit("refund.failed", row)
    count(sandbox, row["charge"], -row["amount"])
    return row


def cancel(sandbox: Sandbox, row: Body, request: Body | None = None) -> Body:
    """Cancel a refund that waits, which hasn't moved money yet."""
    earlier = row["status"]
    row["status"] = "canceled"
    row.pop("pending_reason", None)
    row.pop("next_action", None)
    changed(sandbox, row, earlier, request)
    count(sandbox, row["charge"], -row["amount"], request)
    return row


def retry(sandbox: Sandbox, refund_id: str) -> None:
    """Timer, daily: settle a pending refund if the balance covers it now."""
    row = sandbox.store.find("refund", refund_id)
    if row is None or row["status"] != "pending":
        return
    available, pending = ledger.totals(sandbox).get(row["currency"], (0, 0))
    if available + pending + sandbox.settings.overdraft >= row["amount"]:
        settle(sandbox, refund_id)
    else:
        sandbox.store.set_timer(sandbox.now() + DAY, "retry_refund", refund_id)


def fail_later(sandbox: Sandbox, refund_id: str) -> None:
    """Timer: let a refund to a closed card come back."""
    row = sandbox.store.find("refund", refund_id)
    if row is not None and row["status"] in (*WAITING, "succeeded"):
        settle(sandbox, refund_id, ok=False)


TIMERS["retry_refund"] = retry
TIMERS["fail_refund"] = fail_later
TIMERS["resend"] = lambda sandbox, event_id: sandbox.webhooks.resend(event_id)

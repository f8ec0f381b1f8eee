"""The lifecycle of a refund: created, waiting for funds, succeeded, failed, canceled."""

from __future__ import annotations

from . import ledger
from .engine import TIMERS, Sandbox
from .errors import StripeError
from .settings import DAY
from .store import Body


def refund(
    sandbox: Sandbox,
    charge: Body,
    amount: int,
    stated: Body,
    request: Body | None = None,
    short: bool = False,
) -> Body:
    """Refund `amount`. It stays `pending` when the balance is too low (or `short` says so).

    `stated` holds `reason` and `metadata`. The charge's `amount_refunded` counts it at once either way.
    """
    row = blank(sandbox, charge, amount)
    row.update(stated)
    available, pending = ledger.totals(sandbox).get(charge["currency"], (0, 0))
    if short or available + pending + sandbox.settings.overdraft < amount:
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


def count(sandbox: Sandbox, charge_id: str, amount: int, request: Body | None = None) -> None:
    """Add `amount` (or subtract a negative one) to the charge's `amount_refunded`."""
    charge = sandbox.get("charge", charge_id)
    earlier = {"amount_refunded": charge["amount_refunded"], "refunded": charge["refunded"]}
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    sandbox.store.save(charge)
    sandbox.emit("charge.refunded" if amount > 0 else "charge.updated", charge, earlier, request)


def changed(sandbox: Sandbox, row: Body, earlier: str, request: Body | None = None) -> Body:
    """Save a refund whose status changed and emit its events."""
    sandbox.store.save(row)
    sandbox.emit("refund.updated", row, {"status": earlier}, request)
    sandbox.emit("charge.refund.updated", row, {"status": earlier}, request)
    return row


def settle(sandbox: Sandbox, refund_id: str, ok: bool = True) -> Body:
    """Settle a pending refund: it succeeds or fails. A succeeded one can still fail (the card was closed).

    Raises StripeError for one that is final.
    """
    with sandbox.store.transaction():
        row = sandbox.get("refund", refund_id)
        if row["status"] == "pending" and ok:
            row.update(status="succeeded")
            row.pop("pending_reason", None)
            row["balance_transaction"] = ledger.move(sandbox, "refund", row, -row["amount"], sandbox.now())[
                "id"
            ]
            return changed(sandbox, row, "pending")
        if ok or row["status"] not in ("pending", "succeeded"):
            raise StripeError(f"Refund {refund_id} is {row['status']} already.")
        return fail(sandbox, row)


def fail(sandbox: Sandbox, row: Body) -> Body:
    """Fail a refund: its money returns to the balance, and it no longer counts as refunded."""
    earlier = row["status"]
    row.update(status="failed", failure_reason="expired_or_canceled_card")
    if row["balance_transaction"]:
        back = ledger.move(sandbox, "refund_failure", row, row["amount"], sandbox.now())
        row["failure_balance_transaction"] = back["id"]
    changed(sandbox, row, earlier)
    sandbox.emit("refund.failed", row)
    count(sandbox, row["charge"], -row["amount"])
    return row


def cancel(sandbox: Sandbox, row: Body, request: Body | None = None) -> Body:
    """Cancel a pending refund, which hasn't moved money yet."""
    row["status"] = "canceled"
    row.pop("pending_reason", None)
    changed(sandbox, row, "pending", request)
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


TIMERS["retry_refund"] = retry
TIMERS["resend"] = lambda sandbox, event_id: sandbox.webhooks.resend(event_id)

"""Money sent back."""

from dataclasses import dataclass
from typing import Any

from payments.client import PaymentRefused, ask, client, listed


@dataclass(frozen=True)
class StripeRefund:
    """A refund as Stripe has it now; `status` is pending, succeeded, failed or canceled."""

    id: str
    status: str
    payment_intent: str | None
    our_id: str | None
    amount: int
    currency: str


def refund(payment_intent: str, amount: int, refund_id: str) -> StripeRefund:
    """Send `amount` minor units back, once for each `refund_id` of ours however often it is asked for.

    A key is only remembered for a day, so what was made before is looked up first.
    Raises PaymentUnavailable, PaymentRefused.
    """
    known = [r for r in refunds_of(payment_intent) if r.our_id == refund_id]
    if known:
        return known[0]
    params: Any = {
        "payment_intent": payment_intent,
        "amount": amount,
        "reason": "duplicate",
        "metadata": {"refund_id": refund_id},
    }
    refunds = client().v1.refunds
    return read_refund(ask(lambda: refunds.create(params, {"idempotency_key": f"refund:{refund_id}"})))


def find_refund(refund_id: str) -> StripeRefund | None:
    """Stripe's refund of that id as it is now, or None. Raises PaymentUnavailable."""
    if not refund_id:
        return None
    try:
        return read_refund(ask(lambda: client().v1.refunds.retrieve(refund_id)))
    except PaymentRefused:
        return None


def refunds_of_charge(charge: str) -> list[StripeRefund]:
    """What was sent back of a charge, newest first; nothing for one that Stripe doesn't know.

    Raises PaymentUnavailable.
    """
    refunds = client().v1.refunds
    params: Any = {"charge": charge, "limit": 100}
    found = listed(lambda: list(refunds.list(params).auto_paging_iter())) if charge else []
    return [read_refund(one) for one in found]


def refunds_of(payment_intent: str) -> list[StripeRefund]:
    """List what was sent back of a payment. Raises PaymentUnavailable, PaymentRefused."""
    refunds = client().v1.refunds
    params: Any = {"payment_intent": payment_intent, "limit": 100}
    return [read_refund(r) for r in ask(lambda: list(refunds.list(params).auto_paging_iter()))]


def read_refund(found: Any) -> StripeRefund:
    """Read a refund as Stripe’s library holds it; our own id is in its metadata."""
    metadata = found.metadata.to_dict() if found.metadata else {}
    status = "pending" if found.status == "requires_action" else found.status
    ours = metadata.get("refund_id")
    return StripeRefund(found.id, status, found.payment_intent, ours, found.amount, found.currency)

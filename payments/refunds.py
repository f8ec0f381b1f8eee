"""Refunds: create and list."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from payments.client import PaymentRefused, ask, client, listed


@dataclass(frozen=True)
class StripeRefund:
    """A refund in its present state; `status` is pending, requires_action, succeeded, failed or
    canceled.

    `order_number` is the order that the refunded payment names, "" if it names none; None if the payment is
    unknown.
    """

    id: str
    status: str
    payment_intent: str | None
    our_id: str | None
    amount: int
    currency: str
    order_number: str | None = None


def refund(payment_intent: str, amount: int, refund_id: str, reason: str) -> StripeRefund:
    """Refund `amount` minor units, idempotent by our `refund_id`; `reason` is a word of Stripe's.

    Stripe forgets idempotency keys after a day, so existing refunds are looked up first. Raises
    PaymentUnavailable, PaymentRefused.
    """
    known = [r for r in refunds_of(payment_intent) if r.our_id == refund_id]
    if known:
        return known[0]
    params: Any = {
        "payment_intent": payment_intent,
        "amount": amount,
        "reason": reason,
        "metadata": {"refund_id": refund_id},
    }
    refunds = client().v1.refunds
    return read_refund(ask(lambda: refunds.create(params, {"idempotency_key": f"refund:{refund_id}"})))


def find_refund(refund_id: str) -> StripeRefund | None:
    """Retrieve a refund in its present state, or None. Raises PaymentUnavailable."""
    if not refund_id:
        return None
    try:
        return read_refund(
            ask(lambda: client().v1.refunds.retrieve(refund_id, {"expand": ["payment_intent"]}))
        )
    except PaymentRefused:
        return None


def refunds_of_charge(charge: str) -> list[StripeRefund]:
    """List the refunds of a charge, newest first; empty for an unknown charge. Raises PaymentUnavailable."""
    refunds = client().v1.refunds
    params: Any = {"charge": charge, "limit": 100, "expand": ["data.payment_intent"]}
    found = listed(lambda: list(refunds.list(params).auto_paging_iter())) if charge else []
    return [read_refund(one) for one in found]


def list_refunds(since: datetime) -> list[StripeRefund]:
    """List the refunds made at or after `since`, newest first. Raises PaymentUnavailable."""
    created = {"gte": int(since.timestamp())}
    params: Any = {"created": created, "limit": 100, "expand": ["data.payment_intent"]}
    found = listed(lambda: list(client().v1.refunds.list(params).auto_paging_iter()))
    return [read_refund(one) for one in found]


def refunds_of(payment_intent: str) -> list[StripeRefund]:
    """List the refunds of a payment intent. Raises PaymentUnavailable, PaymentRefused."""
    refunds = client().v1.refunds
    params: Any = {"payment_intent": payment_intent, "limit": 100}
    return [read_refund(r) for r in ask(lambda: list(refunds.list(params).auto_paging_iter()))]


def read_refund(found: Any) -> StripeRefund:
    """Convert Stripe's refund object; our own id is in its metadata, its payment's order in the payment's."""
    payment = found.payment_intent
    is_known = payment is not None and not isinstance(payment, str)
    return StripeRefund(
        id=found.id,
        status=found.status,
        payment_intent=payment.id if is_known else payment,
        our_id=_metadata(found).get("refund_id"),
        amount=found.amount,
        currency=found.currency,
        order_number=_metadata(payment).get("order_number", "") if is_known else None,
    )


def _metadata(found: Any) -> dict[str, str]:
    return found.metadata.to_dict() if found.metadata else {}

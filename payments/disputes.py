"""Disputes and early fraud warnings: read them, and answer a dispute with evidence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from payments.client import PaymentRefused, PaymentUnavailable, ask, client, listed

# Evidence that is text; its characters count together.
EVIDENCE = (
    "access_activity_log",
    "billing_address",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "uncategorized_text",
)
MOST_EVIDENCE = 150_000


@dataclass(frozen=True)
class DisputeMovement:
    """A balance transaction of a dispute, in minor units: `amount` is negative when money was withdrawn,
    positive when it was reinstated; `fee` is Stripe's.
    """

    id: str
    amount: int
    fee: int
    currency: str
    created: datetime


@dataclass(frozen=True)
class StripeDispute:
    """A dispute in its present state; `amount` in minor units of `currency`.

    `movements` are all that moved so far, oldest first; `due_by` is until when it can be answered; `evidence`
    holds the texts that Stripe has. `order_number` is the order that the payment names, "" if it names none;
    None if the payment is unknown.
    """

    id: str
    status: str
    reason: str
    amount: int
    currency: str
    payment_intent: str | None
    charge: str
    created: datetime
    due_by: datetime | None
    movements: tuple[DisputeMovement, ...]
    submission_count: int
    evidence: dict[str, str]
    order_number: str | None


@dataclass(frozen=True)
class FraudWarning:
    """An early fraud warning; `actionable` while a refund would still avert a dispute.

    `order_number` is as in StripeDispute.
    """

    id: str
    charge: str
    payment_intent: str | None
    fraud_type: str
    actionable: bool
    created: datetime
    order_number: str | None


def find_dispute(dispute_id: str) -> StripeDispute | None:
    """Retrieve a dispute in its present state, or None. Raises PaymentUnavailable."""
    params: Any = {"expand": ["payment_intent"]}
    found = _found(lambda: client().v1.disputes.retrieve(dispute_id, params)) if dispute_id else None
    return read_dispute(found) if found is not None else None


def list_disputes(since: datetime) -> list[StripeDispute]:
    """List the disputes created at or after `since`, newest first. Raises PaymentUnavailable."""
    return _disputes({"created": {"gte": int(since.timestamp())}})


def disputes_of_charge(charge: str) -> list[StripeDispute]:
    """List the disputes of a charge, newest first; empty for an unknown one. Raises PaymentUnavailable."""
    return _disputes({"charge": charge}) if charge else []


def save_evidence(dispute_id: str, evidence: Mapping[str, str], key: str, *, submit: bool) -> StripeDispute:
    """Keep evidence at Stripe, texts by the names in EVIDENCE; with `submit` send it to the bank, for good.

    Idempotent by `key`. Raises ValueError for another name, PaymentUnavailable, KeySpent, and PaymentRefused
    when it is too long or too late.
    """
    if unknown := set(evidence) - set(EVIDENCE):
        raise ValueError(f"no evidence is named {', '.join(sorted(unknown))}")
    params: Any = {"evidence": dict(evidence), "submit": submit, "expand": ["payment_intent"]}
    disputes = client().v1.disputes
    return read_dispute(ask(lambda: disputes.update(dispute_id, params, {"idempotency_key": key})))


def accept_dispute(dispute_id: str) -> StripeDispute:
    """Accept a dispute as lost, for good. Raises PaymentUnavailable, and PaymentRefused for a decided one."""
    params: Any = {"expand": ["payment_intent"]}
    return read_dispute(ask(lambda: client().v1.disputes.close(dispute_id, params)))


def find_fraud_warning(warning_id: str) -> FraudWarning | None:
    """Retrieve an early fraud warning, or None. Raises PaymentUnavailable."""
    params: Any = {"expand": ["payment_intent"]}
    warnings = client().v1.radar.early_fraud_warnings
    found = _found(lambda: warnings.retrieve(warning_id, params)) if warning_id else None
    return read_warning(found) if found is not None else None


def list_fraud_warnings(since: datetime) -> list[FraudWarning]:
    """List the early fraud warnings made at or after `since`, newest first. Raises PaymentUnavailable."""
    created = {"gte": int(since.timestamp())}
    params: Any = {"created": created, "limit": 100, "expand": ["data.payment_intent"]}
    warnings = client().v1.radar.early_fraud_warnings
    return [read_warning(one) for one in listed(lambda: list(warnings.list(params).auto_paging_iter()))]


def read_dispute(found: Any) -> StripeDispute:
    """Convert Stripe's dispute, with its payment intent expanded."""
    payment_intent, order_number = _payment(found.payment_intent)
    details = found.evidence_details
    moved = [
        DisputeMovement(one.id, one.amount, one.fee, one.currency, datetime.fromtimestamp(one.created, UTC))
        for one in found.balance_transactions
    ]
    return StripeDispute(
        id=found.id,
        status=found.status,
        reason=found.reason,
        amount=found.amount,
        currency=found.currency,
        payment_intent=payment_intent,
        charge=found.charge,
        created=datetime.fromtimestamp(found.created, UTC),
        due_by=datetime.fromtimestamp(details.due_by, UTC) if details.due_by else None,
        movements=tuple(sorted(moved, key=lambda movement: movement.created)),
        submission_count=details.submission_count,
        evidence={name: text for name in EVIDENCE if (text := getattr(found.evidence, name, None))},
        order_number=order_number,
    )


def read_warning(found: Any) -> FraudWarning:
    """Convert Stripe's early fraud warning, with its payment intent expanded."""
    payment_intent, order_number = _payment(found.payment_intent)
    return FraudWarning(
        id=found.id,
        charge=found.charge,
        payment_intent=payment_intent,
        fraud_type=found.fraud_type,
        actionable=found.actionable,
        created=datetime.fromtimestamp(found.created, UTC),
        order_number=order_number,
    )


def _disputes(filters: dict[str, Any]) -> list[StripeDispute]:
    params: Any = {**filters, "limit": 100, "expand": ["data.payment_intent"]}
    disputes = client().v1.disputes
    return [read_dispute(one) for one in listed(lambda: list(disputes.list(params).auto_paging_iter()))]


def _payment(payment: Any) -> tuple[str | None, str | None]:
    """Return the id of a payment intent and the order that it names."""
    if payment is None or isinstance(payment, str):
        return payment, None
    metadata = payment.metadata.to_dict() if payment.metadata else {}
    return payment.id, metadata.get("order_number", "")


def _found(call: Callable[[], Any]) -> Any:
    try:
        return ask(call)
    except PaymentRefused as refusal:
        if refusal.code == "resource_missing":
            return None
        raise PaymentUnavailable(str(refusal)) from refusal

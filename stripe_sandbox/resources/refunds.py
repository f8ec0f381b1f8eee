"""Refunds of a charge or payment intent, partial or full."""

from __future__ import annotations

from .. import disputes, money
from ..endpoints import Call, Endpoint, pages, takes
from ..engine import Sandbox, change_metadata
from ..errors import StripeError
from ..parameters import Choice, Metadata, Text, Whole, refused
from ..refund_lifecycle import cancel as cancel_refund
from ..refund_lifecycle import refund
from ..store import Body

WAITS = {"refund_pending": "pending", "refund_requires_action": "requires_action"}
REASONS = Choice("duplicate", "fraudulent", "requested_by_customer")


def create(call: Call) -> Body:
    """`POST /v1/refunds`: the rest of the charge unless `amount` says less."""
    charge = charge_of(call)
    amount = call.params.get("amount", charge["amount"] - charge["amount_refunded"])
    check(call.sandbox, charge, amount)
    stated = {
        "reason": call.params.get("reason"),
        "metadata": change_metadata({}, call.params.get("metadata")),
    }
    waits = next((name for name in WAITS if name in call.faults), "")
    return refund(call.sandbox, charge, amount, stated, call.request, waits=WAITS.get(waits, ""))


def charge_of(call: Call) -> Body:
    """Return the charge to refund; StripeError unless `charge` or `payment_intent` leads to one."""
    named = [name for name in ("charge", "payment_intent") if name in call.params]
    if not named:
        message = "One of the following params should be provided for this request: payment_intent or charge."
        raise refused(message, "charge", "parameter_missing")
    if len(named) == 2:
        message = "You may only specify one of these parameters: charge, payment_intent."
        raise refused(message, "payment_intent", "parameters_exclusive")
    id = call.params[named[0]]
    if named[0] == "payment_intent":
        intent = call.sandbox.get("payment_intent", id, "payment_intent")
        if intent["status"] != "succeeded":
            message = f"This PaymentIntent ({id}) does not have a successful charge to refund."
            raise StripeError(message, param="payment_intent")
        id = intent["latest_charge"]
    return call.sandbox.get("charge", id, named[0])


def check(sandbox: Sandbox, charge: Body, amount: int) -> None:
    """Raise StripeError unless `amount` of this charge can be refunded."""
    id, currency = charge["id"], charge["currency"]
    rest = charge["amount"] - charge["amount_refunded"]
    if charge["status"] != "succeeded":
        raise StripeError(
            f"Charge {id} has not succeeded and cannot be refunded.", code="charge_not_refundable"
        )
    if disputes.refused(sandbox, charge):
        raise StripeError(
            f"Charge {id} has been charged back; cannot issue a refund.", code="charge_disputed"
        )
    if rest == 0:
        raise StripeError(f"Charge {id} has already been refunded.", code="charge_already_refunded")
    if amount > rest:
        asked, left = money.written(amount, currency), money.written(rest, currency)
        raise StripeError(
            f"Refund amount ({asked}) is greater than unrefunded amount on charge ({left})", param="amount"
        )


def retrieve(call: Call) -> Body:
    """`GET /v1/refunds/{id}`."""
    return call.sandbox.get("refund", call.ids["id"])


def update(call: Call) -> Body:
    """`POST /v1/refunds/{id}`: metadata only."""
    row = retrieve(call)
    if "metadata" in call.params:
        row["metadata"] = change_metadata(row["metadata"], call.params["metadata"])
        call.sandbox.store.save(row)
        call.emit("refund.updated", row)
    return row


def cancel(call: Call) -> Body:
    """`POST /v1/refunds/{id}/cancel`: only while it waits."""
    row = retrieve(call)
    if row["status"] not in ("pending", "requires_action"):
        raise StripeError(f"You cannot cancel a refund with a status of `{row['status']}`.")
    return cancel_refund(call.sandbox, row, call.request)


def index(call: Call) -> Body:
    """`GET /v1/refunds`."""
    return call.list("refund", "created", "charge", "payment_intent")


ONE = "/v1/refunds/<id>"
CREATE = takes(charge=Text(), payment_intent=Text(), amount=Whole(1), reason=REASONS, metadata=Metadata())
ENDPOINTS = (
    Endpoint("POST", "/v1/refunds", CREATE, "refund", create),
    Endpoint("GET", "/v1/refunds", pages(charge=Text(), payment_intent=Text()), "refund", index, listed=True),
    Endpoint("GET", ONE, takes(), "refund", retrieve),
    Endpoint("POST", ONE, takes(metadata=Metadata()), "refund", update),
    Endpoint("POST", f"{ONE}/cancel", takes(), "refund", cancel),
)

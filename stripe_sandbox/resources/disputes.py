"""Disputes and early fraud warnings."""

from __future__ import annotations

from .. import disputes
from ..endpoints import Call, Endpoint, pages, takes
from ..engine import change_metadata
from ..errors import StripeError
from ..fraud_warnings import KIND as WARNING
from ..parameters import Choice, Flag, Group, Metadata, Shape, Text
from ..store import Body

LONGEST_EVIDENCE = 150_000


def retrieve(call: Call) -> Body:
    """`GET /v1/disputes/{id}`."""
    return call.sandbox.get("dispute", call.ids["id"], "dispute")


def index(call: Call) -> Body:
    """`GET /v1/disputes`."""
    return call.list("dispute", "created", "charge", "payment_intent")


def update(call: Call) -> Body:
    """`POST /v1/disputes/{id}`: metadata and evidence, which is final unless `submit` is false."""
    row = retrieve(call)
    if "metadata" in call.params:
        row["metadata"] = change_metadata(row["metadata"], call.params["metadata"])
        call.sandbox.store.save(row)
    evidence = call.params.get("evidence", {})
    if sum(len(value or "") for value in evidence.values()) > LONGEST_EVIDENCE:
        message = f"The combined character count of all evidence is limited to {LONGEST_EVIDENCE}."
        raise StripeError(message, param="evidence")
    if "evidence" not in call.params and "submit" not in call.params:
        call.emit("charge.dispute.updated", row)
        return row
    return disputes.answer(call.sandbox, row, evidence, call.params.get("submit", True), call.request)


def close(call: Call) -> Body:
    """`POST /v1/disputes/{id}/close`: accept it as lost."""
    row = retrieve(call)
    if row["status"] not in ("needs_response", "appeal_needs_response"):
        raise StripeError(f"This dispute is {row['status'].replace('_', ' ')} and can’t be closed.")
    return disputes.become(call.sandbox, row["id"], "lost", call.request)


def warning(call: Call) -> Body:
    """`GET /v1/radar/early_fraud_warnings/{id}`."""
    return call.sandbox.get(WARNING, call.ids["id"], "early_fraud_warning")


def warnings(call: Call) -> Body:
    """`GET /v1/radar/early_fraud_warnings`."""
    return call.list(WARNING, "created", "charge", "payment_intent")


TEXTS: dict[str, Shape] = {name: Text(LONGEST_EVIDENCE, unset=True) for name in disputes.EVIDENCE}
METHOD = Choice("manual", "prefer_manual", "prefer_smart_disputes", "smart_disputes")
UPDATE = takes(evidence=Group(TEXTS), intended_submission_method=METHOD, metadata=Metadata(), submit=Flag())
FILTERS = pages(charge=Text(), payment_intent=Text())
ONE, WARNINGS = "/v1/disputes/<id>", "/v1/radar/early_fraud_warnings"
ENDPOINTS = (
    Endpoint("GET", "/v1/disputes", FILTERS, "dispute", index, listed=True),
    Endpoint("GET", ONE, takes(), "dispute", retrieve),
    Endpoint("POST", ONE, UPDATE, "dispute", update),
    Endpoint("POST", f"{ONE}/close", takes(), "dispute", close),
    Endpoint("GET", WARNINGS, FILTERS, WARNING, warnings, listed=True),
    Endpoint("GET", f"{WARNINGS}/<id>", takes(), WARNING, warning),
)

"""Transfers and their reversals."""

from __future__ import annotations

from .. import transfers
from ..endpoints import Call, Endpoint, pages, takes
from ..engine import change_metadata
from ..errors import StripeError, missing_object
from ..parameters import Choice, Currency, Flag, Metadata, Text, Whole
from ..store import Body


def create(call: Call) -> Body:
    """`POST /v1/transfers`."""
    stated = {**call.params, "metadata": change_metadata({}, call.params.get("metadata"))}
    if "amount" not in stated:
        if "source_transaction" not in stated:
            message = "Missing required param: amount."
            raise StripeError(message, code="parameter_missing", param="amount", before_start=True)
        stated["amount"] = call.sandbox.get("charge", stated["source_transaction"], "source_transaction")[
            "amount"
        ]
    return transfers.transfer(call.sandbox, stated, call.request)


def retrieve(call: Call) -> Body:
    """`GET /v1/transfers/{id}`."""
    return call.sandbox.get("transfer", call.ids["id"], "transfer")


def update(call: Call) -> Body:
    """`POST /v1/transfers/{id}`: description and metadata."""
    row = retrieve(call)
    earlier = {name: row[name] for name in call.params}
    if "metadata" in call.params:
        row["metadata"] = change_metadata(row["metadata"], call.params["metadata"])
    if "description" in call.params:
        row["description"] = call.params["description"]
    call.sandbox.store.save(row)
    call.emit("transfer.updated", row, earlier)
    return row


def index(call: Call) -> Body:
    """`GET /v1/transfers`."""
    return call.list("transfer", "created", "destination", "transfer_group")


def reverse(call: Call) -> Body:
    """`POST /v1/transfers/{id}/reversals`: the rest of the transfer unless `amount` says less."""
    row = retrieve(call)
    amount = call.params.get("amount", row["amount"] - row["amount_reversed"])
    if amount == 0:
        raise StripeError(f"Transfer {row['id']} has already been reversed.", param="amount")
    metadata = change_metadata({}, call.params.get("metadata"))
    return transfers.reverse(call.sandbox, row, amount, metadata, call.request)


def reversal(call: Call) -> Body:
    """`GET /v1/transfers/{id}/reversals/{reversal}`."""
    found = call.sandbox.get("transfer_reversal", call.ids["reversal"], "reversal")
    if found["transfer"] != call.ids["id"]:
        raise missing_object("transfer_reversal", found["id"], "reversal")
    return found


def reversals(call: Call) -> Body:
    """`GET /v1/transfers/{id}/reversals`."""
    call.params["transfer"] = retrieve(call)["id"]
    return call.list("transfer_reversal", "transfer")


ONE = "/v1/transfers/<id>"
CREATE = takes(
    "currency",
    "destination",
    amount=Whole(1),
    currency=Currency(),
    destination=Text(),
    description=Text(),
    metadata=Metadata(),
    source_transaction=Text(),
    source_type=Choice("bank_account", "card", "fpx"),
    transfer_group=Text(),
)
REVERSE = takes(
    amount=Whole(1), description=Text(unset=True), metadata=Metadata(), refund_application_fee=Flag()
)
LIST = pages(destination=Text(), transfer_group=Text())
ENDPOINTS = (
    Endpoint("POST", "/v1/transfers", CREATE, "transfer", create),
    Endpoint("GET", "/v1/transfers", LIST, "transfer", index, listed=True),
    Endpoint("GET", ONE, takes(), "transfer", retrieve),
    Endpoint("POST", ONE, takes(description=Text(unset=True), metadata=Metadata()), "transfer", update),
    Endpoint("POST", f"{ONE}/reversals", REVERSE, "transfer_reversal", reverse),
    Endpoint("GET", f"{ONE}/reversals", pages(dated=False), "transfer_reversal", reversals, listed=True),
    Endpoint("GET", f"{ONE}/reversals/<reversal>", takes(), "transfer_reversal", reversal),
)

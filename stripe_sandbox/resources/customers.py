"""Customers."""

from __future__ import annotations

from ..buyers import PARTS, address_of
from ..customers import blank_customer
from ..endpoints import Call, Endpoint, pages, takes
from ..engine import change_metadata
from ..errors import missing_object
from ..parameters import Email, Group, Metadata, Rows, Shape, Text
from ..store import Body

ADDRESS = Group({name: Text() for name in PARTS})
FIELDS: dict[str, Shape] = {
    "address": ADDRESS,
    "email": Email(unset=True),
    "name": Text(256, unset=True),
    "description": Text(unset=True),
    "phone": Text(20, unset=True),
    "metadata": Metadata(),
    "preferred_locales": Rows(Text(35)),
}


def create(call: Call) -> Body:
    """`POST /v1/customers`."""
    customer = blank_customer(call.sandbox.ids.make("cus_", 14), call.sandbox.now())
    change(customer, call.params)
    call.sandbox.store.add(customer)
    call.emit("customer.created", customer)
    return customer


def change(customer: Body, params: Body) -> Body:
    """Apply parameters; returns the earlier values of what changed."""
    earlier = {}
    for name, value in params.items():
        new = change_metadata(customer["metadata"], value) if name == "metadata" else value
        if name == "address":
            new = address_of(value)
        if customer[name] != new:
            earlier[name] = customer[name]
        customer[name] = new
    return earlier


def alive(call: Call) -> Body:
    """Return the customer in the path, unless deleted."""
    customer = call.sandbox.get("customer", call.ids["id"])
    if customer.get("deleted"):
        raise missing_object("customer", customer["id"])
    return customer


def retrieve(call: Call) -> Body:
    """`GET /v1/customers/{id}`: a deleted one is still there as `{id, object, deleted}`."""
    return call.sandbox.get("customer", call.ids["id"])


def update(call: Call) -> Body:
    """`POST /v1/customers/{id}`."""
    customer = alive(call)
    earlier = change(customer, call.params)
    call.sandbox.store.save(customer)
    if earlier:
        call.emit("customer.updated", customer, earlier)
    return customer


def delete(call: Call) -> Body:
    """`DELETE /v1/customers/{id}`: permanent."""
    customer = alive(call)
    call.emit("customer.deleted", customer)
    return call.sandbox.store.save({"id": customer["id"], "object": "customer", "deleted": True})


def index(call: Call) -> Body:
    """`GET /v1/customers`: without deleted ones."""
    return call.list("customer", "created", "email", "livemode")


def living(call: Call) -> Body:
    """List customers; deleted ones have no `livemode`, by which the filter excludes them."""
    call.params["livemode"] = False
    return index(call)


ONE = "/v1/customers/<id>"
ENDPOINTS = (
    Endpoint("POST", "/v1/customers", takes(**FIELDS), "customer", create),
    Endpoint("GET", "/v1/customers", pages(email=Text()), "customer", living, listed=True),
    Endpoint("GET", ONE, takes(), "customer", retrieve),
    Endpoint("POST", ONE, takes(**FIELDS), "customer", update),
    Endpoint("DELETE", ONE, Group({}), "customer", delete),
)

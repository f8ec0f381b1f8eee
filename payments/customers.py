"""Customers: one per person, so that Stripe can offer their saved cards and address again."""

from typing import Any

from payments.client import PaymentRefused, PaymentUnavailable, ask, client, listed


def ensure_customer(key: str, email: str, name: str, user_id: str) -> str:
    """Find or create the Stripe Customer of a person; returns its id, for the caller to store.

    `key` is the idempotency key; the same key must always come with the same values. Two calls with different
    keys answer the same customer too: the older one stays. Raises PaymentUnavailable, PaymentRefused,
    KeySpent.
    """
    if known := _customers_of(email, user_id):
        return known[-1]
    params: Any = {"email": email, "name": name, "metadata": {"user_id": user_id}}
    customers = client().v1.customers
    made = str(ask(lambda: customers.create(params, {"idempotency_key": key})).id)
    oldest = (_customers_of(email, user_id) or [made])[-1]
    if oldest != made:
        delete_customer(made)
    return oldest


def _customers_of(email: str, user_id: str) -> list[str]:
    """List the customers that name this person, newest first."""
    params: Any = {"email": email, "limit": 100}
    found = listed(lambda: client().v1.customers.list(params).data)
    return [one.id for one in found if one.metadata and one.metadata.to_dict().get("user_id") == user_id]


def update_customer(customer: str, email: str, name: str) -> bool:
    """Give a customer their present address and name; False when Stripe doesn't have it any more.

    Raises PaymentUnavailable.
    """
    params: Any = {"email": email, "name": name}
    return _is_known(lambda: client().v1.customers.update(customer, params)) if customer else False


def delete_customer(customer: str) -> bool:
    """Delete a customer with their saved cards for good; False when Stripe doesn't have it any more.

    Raises PaymentUnavailable.
    """
    return _is_known(lambda: client().v1.customers.delete(customer)) if customer else False


def _is_known(call: Any) -> bool:
    try:
        ask(call)
    except PaymentRefused as refusal:
        if refusal.code == "resource_missing":
            return False
        raise PaymentUnavailable(str(refusal)) from refusal
    return True

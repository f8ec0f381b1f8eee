"""Payment methods: what pays once, and what a customer keeps."""

from __future__ import annotations

from .cards import Method
from .engine import Sandbox
from .store import Body


def card_of(method: Method) -> Body:
    """Build the details of a card that both a payment method and a charge show."""
    return {
        "brand": method.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": method.country,
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"sandbox{method.last4}",
        "funding": "credit",
        "last4": method.last4,
        "wallet": None,
    }


def bank_of(sandbox: Sandbox, method: Method) -> Body:
    """Build the details of a bank account."""
    return {
        "account_holder_type": "individual",
        "account_type": "checking",
        "bank_name": "SANDBOX BANK",
        "fingerprint": sandbox.ids.make("", 16),
        "last4": method.last4,
        "routing_number": "110000000",
    }


def new_method(sandbox: Sandbox, method: Method, billing: Body) -> Body:
    """Store what was used for one attempt to pay."""
    kind = "us_bank_account" if method.is_debit else "card"
    return sandbox.store.add(
        {
            "id": sandbox.ids.make("pm_1"),
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": billing,
            "created": sandbox.now(),
            "customer": None,
            "livemode": False,
            "metadata": {},
            "type": kind,
            kind: bank_of(sandbox, method) if method.is_debit else card_of(method),
            "_number": method.number,
        }
    )


def keep(sandbox: Sandbox, id: str, customer: str) -> None:
    """Keep a card with its customer, once; a card that is kept already isn't kept twice."""
    row = sandbox.get("payment_method", id)
    if row["type"] != "card" or row["customer"]:
        return
    if any(one["_number"] == row["_number"] for one in kept_by(sandbox, customer)):
        return
    row.update(customer=customer, allow_redisplay="always")
    sandbox.store.save(row)
    sandbox.emit("payment_method.attached", row)


def kept_by(sandbox: Sandbox, customer: str | None) -> list[Body]:
    """List the cards that a customer keeps."""
    if not customer:
        return []
    return [row for row in sandbox.store.all("payment_method") if row["customer"] == customer]


def forget(sandbox: Sandbox, id: str, customer: str) -> None:
    """Take a kept card from its customer, who asked for it on the hosted page."""
    for row in kept_by(sandbox, customer):
        if row["id"] == id:
            row.update(customer=None, allow_redisplay="unspecified")
            sandbox.store.save(row)
            sandbox.emit("payment_method.detached", row)

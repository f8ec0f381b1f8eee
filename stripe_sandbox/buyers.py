"""Buyers as they describe themselves on the hosted page: name, address and VAT id."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from . import taxes
from .engine import Sandbox
from .store import Body

PARTS = ("line1", "line2", "city", "postal_code", "state", "country")
# Stands on the page until somebody types another one, so that a test outcome takes one click.
EXAMPLE = {"line1": "1 Test Street", "city": "Springfield", "postal_code": "12345", "country": "US"}
COUNTRIES = {
    "AT": "Austria", "AU": "Australia", "BE": "Belgium", "BG": "Bulgaria", "BR": "Brazil", "CA": "Canada",
    "CH": "Switzerland", "CY": "Cyprus", "CZ": "Czechia", "DE": "Germany", "DK": "Denmark",
    "EE": "Estonia", "ES": "Spain", "FI": "Finland", "FR": "France", "GB": "United Kingdom",
    "GR": "Greece", "HR": "Croatia", "HU": "Hungary", "IE": "Ireland", "IN": "India", "IT": "Italy",
    "JP": "Japan", "KW": "Kuwait", "LT": "Lithuania", "LU": "Luxembourg", "LV": "Latvia", "MT": "Malta",
    "NL": "Netherlands", "NO": "Norway", "PL": "Poland", "PT": "Portugal", "RO": "Romania",
    "SE": "Sweden", "SI": "Slovenia", "SK": "Slovakia", "US": "United States",
}  # fmt: skip


@dataclass(frozen=True)
class Buyer:
    """The details that were typed, empty where nothing was.

    `address` has the parts of Stripe's addresses; `saved` is the id of a card that they keep and pay with.
    """

    name: str = ""
    email: str = ""
    business: str = ""
    tax_id: str = ""
    address: dict[str, str] = field(default_factory=dict)
    keep_card: bool = False
    saved: str = ""


def wants_address(session: Body) -> bool:
    """Tell if the page asks for a billing address."""
    return bool(session["billing_address_collection"] == "required" or session["automatic_tax"]["enabled"])


def wants_tax_id(session: Body) -> bool:
    """Tell if the page asks for a VAT id."""
    return bool((session.get("tax_id_collection") or {}).get("enabled"))


def may_keep_card(session: Body) -> bool:
    """Tell if the page offers to keep the card for the customer."""
    options = session["saved_payment_method_options"] or {}
    return bool(session["customer"] and options.get("payment_method_save") == "enabled")


def address_of(parts: dict[str, str] | None) -> Body:
    """Complete an address with None for what isn't known."""
    known = parts or {}
    return {name: known.get(name) or None for name in PARTS}


def known_address(sandbox: Sandbox, session: Body) -> dict[str, str]:
    """Return the address to begin with: typed before, the customer's, or the example."""
    typed = (session["customer_details"] or {}).get("address")
    customer = sandbox.store.find("customer", session["customer"] or "")
    for address in (typed, (customer or {}).get("address")):
        if address and address["country"]:
            return {name: value for name, value in address.items() if value}
    return dict(EXAMPLE)


def tax_ids_of(text: str) -> list[Body]:
    """Return the tax ids in Stripe's form: two letters in front make it one of the EU."""
    value = re.sub(r"[\s.-]", "", text).upper()
    if not value:
        return []
    prefix = "GR" if value[:2] == "EL" else value[:2]
    kind = "eu_vat" if prefix in taxes.EU else "gb_vat" if prefix == "GB" else "unknown"
    return [{"type": kind, "value": value}]


def introduce(sandbox: Sandbox, session: Body, buyer: Buyer) -> None:
    """Store the buyer's details. The email that the session had already takes precedence."""
    known = session["customer_details"] or {}
    details = {
        "address": known.get("address"),
        "business_name": buyer.business or known.get("business_name"),
        "email": known.get("email") or buyer.email or "buyer@example.com",
        "individual_name": None,
        "name": buyer.business or buyer.name or known.get("name"),
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": tax_ids_of(buyer.tax_id) if wants_tax_id(session) else [],
    }
    if wants_address(session):
        details["address"] = address_of(buyer.address or known_address(sandbox, session))
    session["customer_details"] = details
    if session["automatic_tax"]["enabled"]:
        tax(sandbox, session)


def tax(sandbox: Sandbox, session: Body) -> None:
    """Compute the tax anew for the buyer's present details; a payment under way asks for the new total."""
    details = session["customer_details"]
    taxes.compute(sandbox, session, details["address"]["country"], details["tax_ids"])
    intent = sandbox.store.find("payment_intent", session["payment_intent"] or "")
    if intent:
        sandbox.store.save({**intent, "amount": session["amount_total"]})


def remember(sandbox: Sandbox, session: Body) -> None:
    """Update the customer as `customer_update` says, once the session is complete."""
    customer = sandbox.store.find("customer", session["customer"] or "")
    if customer is None or customer.get("deleted"):
        return
    details, earlier = session["customer_details"], {}
    for name in ("address", "name"):
        new = details[name]
        if session.get("_customer_update", {}).get(name) == "auto" and new and customer[name] != new:
            earlier[name] = customer[name]
            customer[name] = new
    if earlier:
        sandbox.store.save(customer)
        sandbox.emit("customer.updated", customer, earlier)

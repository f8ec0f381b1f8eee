"""Particulars of an order: who is billed, under which tax, and what Stripe has seen of the buyer."""

from typing import Any

from domain.commerce.quoting import OrderQuote
from domain.tax import billing, evidence
from domain.tax.treatment import REVERSE_CHARGE, TreatmentKind
from models import Order, User, VatState
from payments import Session

_EU_VAT = "eu_vat"


def freeze(order: Order, buyer: User, quote: OrderQuote) -> None:
    """Copy the buyer's billing details and the treatment of `quote` into the order, until it is paid."""
    order.billing = billing.snapshot(buyer, billing.of(buyer))
    order.details = {**(order.details or {}), **evidence.frozen(quote.treatment)}


def tax_kind(order: Order) -> TreatmentKind:
    """Read the kind of tax that `order` was frozen under."""
    return TreatmentKind((order.details or {}).get("tax_kind") or TreatmentKind.NONE)


def observe(order: Order, session: Session) -> None:
    """Keep the countries that Stripe has seen; where it computed the tax, also the address it was told."""
    order.details = evidence.observed(order.details, session.billing_country, session.card_country)
    if tax_kind(order) != TreatmentKind.STRIPE:
        return
    if any(line.tax_reason == "reverse_charge" for line in session.lines):
        order.details = {**order.details, "tax_sentence": REVERSE_CHARGE}
    order.billing = {**(order.billing or {}), **_typed(session)}


def _typed(session: Session) -> dict[str, Any]:
    """Read what the buyer typed on Stripe's page, by the names of BillingDetails; nothing that is empty."""
    address = session.billing
    said = {
        "name": address.name,
        "address": "\n".join(line for line in (address.line1, address.line2) if line),
        "postal_code": address.postal_code,
        "city": address.city,
        "country": address.country,
        "vat_id": next((number for kind, number in session.tax_ids if kind == _EU_VAT), ""),
    }
    if said["vat_id"]:
        said["vat_state"] = VatState.UNCONFIRMED.value
    return {name: value for name, value in said.items() if value}

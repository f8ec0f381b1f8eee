"""The words of a PDF: its title, the parties, the facts beside them, and the sentences below the sums."""

from datetime import date

from domain.base.money import money
from domain.documents.snapshots import Party, Snapshot
from domain.tax import countries
from models import Document, DocumentKind

_TITLES = {
    DocumentKind.INVOICE: "Invoice",
    DocumentKind.CREDIT_NOTE: "Credit note",
    DocumentKind.SELF_BILLING: "Self-billing invoice",
    DocumentKind.SETTLEMENT: "Settlement",
}
_METHODS = {
    "stripe_transfer": "Stripe transfer",
    "sepa_debit": "SEPA direct debit",
    "paypal": "PayPal",
    "us_bank_account": "Bank account",
}


def title(document: Document) -> str:
    """Name the kind of a document."""
    return _TITLES[document.kind]


def party(one: Party) -> list[str]:
    """Write the particulars of a party as lines of an address."""
    place = " ".join(part for part in (one.postal_code, one.city) if part)
    country = countries.name(one.country) if one.country else ""
    vat_id = f"VAT ID {one.vat_id}" if one.vat_id else ""
    lines = (one.company, one.name, *one.address, place, country, vat_id, one.email)
    return [line for line in lines if line]


def sender(one: Party) -> list[str]:
    """Write the seller's particulars in short, for one line above the buyer's."""
    return [one.name, *one.address, *([countries.name(one.country)] if one.country else [])]


def foot(one: Party) -> str:
    """Write the seller's particulars in full, for the foot of each page."""
    numbers = [f"VAT ID {one.vat_id}"] if one.vat_id else []
    return " · ".join([*sender(one), one.email, *numbers, *one.numbers])


def facts(document: Document, said: Snapshot) -> list[tuple[str, str]]:
    """List what identifies the document: number, days, order, and the document it refers to."""
    rows = [
        (f"{title(document)} number", document.number),
        ("Date", day(document.issued_on)),
        ("Period", said.period) if said.period else ("Date of supply", day(said.supplied_on)),
    ]
    if said.order_number:
        rows.append(("Order", said.order_number))
    if said.counters:
        rows.append(("Counters invoice", said.counters))
    if said.replaces:
        rows.append(("Replaces invoice", said.replaces))
    return rows


def notes(document: Document, said: Snapshot) -> list[str]:
    """List the sentences below the sums: how it was paid, the coupon, the reason, the tax."""
    sentences = []
    if document.kind == DocumentKind.CREDIT_NOTE:
        sentences.append(f"Reason: {said.reason}")
    elif said.payment is not None:
        total = money(document.total_cents, document.currency)
        sentences.append(f"{total} paid on {day(said.payment.paid_on)}{_by(said)}. Nothing is due.")
    else:
        sentences.append("Nothing is due.")
    if said.coupon_code:
        sentences.append(f"Discount: {said.coupon_code}.")
    if said.note:
        sentences.append(said.note)
    return sentences


def rate(basis_points: int) -> str:
    """Write a tax rate.

    >>> [rate(points).replace("\N{NO-BREAK SPACE}", " ") for points in (1900, 550, 0)]
    ['19 %', '5.5 %', '0 %']
    """
    return f"{basis_points / 100:g} %".replace(" ", "\u00a0")


def day(moment: date) -> str:
    """Write a day: 30 November 2026."""
    return f"{moment.day} {moment:%B %Y}"


def method(name: str, last4: str) -> str:
    """Name a payment method with its last digits; "" when it is unknown."""
    words = _METHODS.get(name, name.replace("_", " ").capitalize())
    return f"{words} ending in {last4}" if words and last4 else words


def _by(said: Snapshot) -> str:
    words = method(said.payment.method, said.payment.last4) if said.payment else ""
    return f" by {words}" if words else ""

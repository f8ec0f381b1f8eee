"""Correcting the buyer's particulars: who may, how often, and what stays as the tax depends on it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from domain import Refused
from domain.base import clock, sql
from domain.documents import invoices, lookups, snapshots, writing
from domain.documents.snapshots import Party
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import Document, DocumentKind, Order, User

DAYS = 90  # for buyers; admins may later, too
MOST = 3  # corrections of an order by its buyer
FIELDS = ("name", "company", "address", "postal_code", "city", "country", "vat_id")
REFUNDED = "Part of this order was refunded or disputed, so its invoice can’t be corrected any more."


def refusal(person: User, documents: Sequence[Document]) -> str | None:
    """Say why `person` can't correct the invoice among an order's documents; None if they can."""
    issued = _issued(documents)
    if not issued:
        return "This order has no invoice yet."
    if any(document.counters_id == issued[-1].id for document in documents):
        return REFUNDED
    if person.is_admin:
        return None
    if len(issued) > MOST:
        return "This invoice was corrected several times. Write to us if it’s still wrong."
    if issued[0].issued_on < writing.shop_day(clock.now()) - timedelta(days=DAYS):
        return f"Invoices can be corrected for {DAYS} days. Write to us if there’s a mistake in it."
    return None


def particulars(invoice: Document) -> dict[str, str]:
    """Return the buyer's particulars on an invoice by the names of the form's fields."""
    buyer = snapshots.of(invoice).buyer
    return {**{name: getattr(buyer, name) for name in FIELDS}, "address": "\n".join(buyer.address)}


def fixed(buyer: Party, order: Order) -> set[str]:
    """Name the fields that stay: what the tax of the order depended on."""
    stays = {"country"} if buyer.country else set()
    return stays | {"vat_id"} if buyer.vat_id and not order.tax_cents else stays


def lock(order: Order) -> None:
    """Lock `order` before the form of its particulars is filled: of two who correct at once, one is asked."""
    sql.lock(order)


def correct(person: User, order: Order, given: Mapping[str, str]) -> Document:
    """Issue a credit note and a new invoice with the particulars `given`; unchanged ones change nothing.

    Raises Refused.
    """
    sql.lock(order)
    documents = lookups.of_order(order.id)
    if sentence := refusal(person, documents):
        raise Refused(sentence)
    invoice = _issued(documents)[-1]
    known = particulars(invoice)
    stays = fixed(snapshots.of(invoice).buyer, order)
    wanted = {name: known[name] if name in stays else given.get(name, "") for name in FIELDS}
    if wanted == known:
        return invoice
    if not wanted["name"] and not wanted["company"]:
        raise Refused("An invoice needs a name.", "name")
    corrected = invoices.correct(order, wanted)
    audit.record(person, AuditAction.CORRECT_INVOICE, order, f"{invoice.number}, now {corrected.number}")
    return corrected


def _issued(documents: Sequence[Document]) -> list[Document]:
    """List the order's invoices: the first and its corrections, but not those that a dispute has caused."""
    invoices_ = [document for document in documents if document.kind == DocumentKind.INVOICE]
    return [document for document in invoices_ if document.dispute_id is None]

"""The parties of a document: the shop, which sells in its own name, and the buyer."""

from collections.abc import Mapping, Sequence
from typing import Any

from domain.documents import pdf_words, snapshots
from domain.documents.snapshots import Party
from domain.platform import settings
from domain.platform.settings import ShopSettings
from models import Document, DocumentKind, Order, User

LONGEST_LINE = 120
MOST_LINES = 6


def seller(site: ShopSettings) -> Party:
    """Describe the seller by the settings; a shop without particulars goes by its own name."""
    return Party(
        name=site.seller_name or site.name,
        address=_lines(site.seller_address),
        country=site.seller_country,
        vat_id=site.seller_vat_id,
        email=site.contact_email,
    )


def buyer(order: Order, person: User) -> Party:
    """Describe the buyer by the particulars that stand on the order, or by name and address of mail."""
    return described(order.billing or {}, person)


def of_documents(documents: Sequence[Document], person: User) -> tuple[list[str], list[str]]:
    """Write the seller and the buyer of an order as lines: as on its last invoice, or as they are now."""
    issued = [document for document in documents if document.kind == DocumentKind.INVOICE]
    if issued:
        said = snapshots.of(issued[-1])
        return pdf_words.party(said.seller), pdf_words.party(said.buyer)
    return pdf_words.party(seller(settings.current())), pdf_words.party(described({}, person))


def described(billing: Mapping[str, Any], person: User) -> Party:
    """Describe `person` by particulars with the names of BillingDetails, all of which may be missing."""
    return Party(
        name=billing.get("name") or person.name,
        company=billing.get("company") or "",
        address=_lines(billing.get("address") or ""),
        postal_code=billing.get("postal_code") or "",
        city=billing.get("city") or "",
        country=billing.get("country") or "",
        vat_id=billing.get("vat_id") or "",
        email=person.email,
    )


def _lines(text: str) -> tuple[str, ...]:
    lines = (" ".join(line.split())[:LONGEST_LINE] for line in text.splitlines())
    return tuple(line for line in lines if line)[:MOST_LINES]

"""Documents as tax reports read them: what an invoice adds and a credit note takes back, by rate."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select, tuple_

from domain.documents import snapshots
from domain.documents.snapshots import TaxSum
from domain.tax.treatment import TreatmentKind
from models import Document, DocumentKind, Order, db

_BLOCK = 500


@dataclass(frozen=True)
class TaxedDocument:
    """A document: `sign` is 1 for an invoice and -1 for a credit note; amounts in `taxes` are positive.

    `country` is the buyer's, `place` that whose tax it is ("": none's), `seller` the seller's at that time.
    `supplied_on` is the day of the sale, for a credit note that of the sale it takes back.
    """

    sign: int
    issued_on: date
    supplied_on: date
    currency: str
    kind: TreatmentKind
    country: str
    place: str
    seller: str
    taxes: list[TaxSum]


def issued_between(first: date, last: date) -> Iterator[TaxedDocument]:
    """Read the documents of these days in blocks, in their order (keyset)."""
    query = (
        select(Document, Order.details)
        .join(Order, Order.id == Document.order_id)
        .where(Document.issued_on <= last)
        .order_by(Document.issued_on, Document.id)
        .limit(_BLOCK)
    )
    block = db.session.execute(query.where(Document.issued_on >= first)).all()
    while block:
        for document, details in block:
            yield _read(document, details or {})
            db.session.expunge(document)
        newest = block[-1][0]
        # By keyset: a page reads without a transaction, in which alone PostgreSQL keeps a cursor open. Both
        # columns are compared as one value, so that the index leads there within a day of many documents too.
        later = tuple_(Document.issued_on, Document.id) > (newest.issued_on, newest.id)
        block = db.session.execute(query.where(later)).all() if len(block) == _BLOCK else []


def _read(document: Document, details: dict[str, str]) -> TaxedDocument:
    said = snapshots.of(document)
    kind = TreatmentKind(details.get("tax_kind") or TreatmentKind.NONE)
    return TaxedDocument(
        sign=-1 if document.kind == DocumentKind.CREDIT_NOTE else 1,
        issued_on=document.issued_on,
        supplied_on=said.supplied_on,
        currency=document.currency,
        kind=kind,
        country=details.get("tax_country") or said.buyer.country,
        place=details.get("tax_place", ""),
        seller=said.seller.country,
        taxes=said.taxes,
    )

"""The files of documents: made by the worker and kept, or made on the spot while they are missing."""

import uuid
from io import BytesIO

import storage
from domain.platform import images, settings
from domain.platform.images import ImageUse
from models import Document, db

TYPE = "application/pdf"


def begin(document_id: str) -> Document | None:
    """Load the document that needs a PDF; None once it has one."""
    document = db.session.get(Document, uuid.UUID(document_id))
    if document is None or document.pdf_key is not None:
        return None
    db.session.expunge(document)
    return document


def make(document: Document) -> str:
    """Make the PDF and store it; returns its key."""
    key = f"documents/{document.year}/{document.id.hex}/{name_of(document)}"
    content = render(document)
    storage.current().put(key, BytesIO(content), TYPE)
    return key


def end(document: Document, key: str) -> None:
    """Note where the PDF is."""
    row = db.session.get(Document, document.id)
    if row is not None and row.pdf_key is None:
        row.pdf_key = key


def is_stored(document: Document) -> bool:
    """Tell whether the storage has the document's PDF."""
    return document.pdf_key is not None and storage.current().exists(document.pdf_key)


def read(document: Document) -> bytes:
    """Read the PDF; one that isn't there yet, or not any more, is made on the spot and not kept."""
    if document.pdf_key is not None:
        try:
            with storage.current().open(document.pdf_key) as file:
                return file.read()
        except FileNotFoundError:
            pass
    return render(document)


def render(document: Document) -> bytes:
    """Make the PDF with the shop's logo of today."""
    from domain.documents import pdf  # noqa: PLC0415 - its library takes half a second to import

    return pdf.render(document, _logo())


def name_of(document: Document) -> str:
    """Name the file for people: INV-2026-000123.pdf."""
    return f"{document.number}.pdf"


def _logo() -> bytes | None:
    """Read the shop's logo; None for a shop without one."""
    token = settings.current().logo
    key = images.key_of(ImageUse.LOGO, token, images.largest(ImageUse.LOGO)) if token else None
    if key is None:
        return None
    try:
        with storage.current().open(key) as file:
            return file.read()
    except FileNotFoundError:
        return None

"""The PDF: a reader of its text finds every line in order, in every script, and never an empty box."""

from io import BytesIO

import pytest
from flask import Flask
from PIL import Image
from pypdf import PdfReader

from domain.documents import invoices, pdf, pdf_fonts
from models import Document, db
from tests.cast import Cast
from tests.documents.orders import Item, paid, refunded

IN_ORDER = [
    "Kurswerk GmbH", "Ünal Doe", "Köln", "Germany", "VAT ID DE123456789", "Invoice INV-", "Date of supply",
    "LN-",
    "Course 1", "€15.97", "-€2.00", "19 %", "€13.97", "Course 2", "€9.34", "7 %", "Net amount",
    "€23.31",
    "Tax 19 % on €13.97", "€2.65", "Tax 7 % on €9.34", "€0.66", "Total", "€26.62",
    "paid on", "by Visa ending in 4242", "Discount: SPRING.", "As the law wants it.", "Page 1",
]  # fmt: skip


def read(document: Document, logo: bytes | None = None) -> PdfReader:
    return PdfReader(BytesIO(pdf.render(document, logo)))


def german(cast: Cast, **billing: str) -> Document:
    order = paid(
        cast, Item(1397, 265, 1900, discount=238), Item(934, 66, 700), includes=True, coupon_code="SPRING",
        payment_method="visa", payment_last4="4242", details={"tax_sentence": "As the law wants it."},
        billing={"name": "Ünal Doe", "address": "Weg 1", "city": "Köln", "postal_code": "50667",
                 "country": "DE", "vat_id": "DE123456789", **billing},
    )  # fmt: skip
    document = invoices.issue(order)
    db.session.expunge(document)
    document.snapshot = {**document.snapshot, "seller": {"name": "Kurswerk GmbH", "email": "a@example.com"}}
    return document


def test_lines_are_read_in_order(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        made = read(german(cast))
    text = made.pages[0].extract_text().replace("\N{NO-BREAK SPACE}", " ")
    at = 0
    for part in IN_ORDER:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} not after {text[:at]!r}"
        at = found + len(part)
    assert made.metadata is not None
    assert str(made.metadata.title).startswith("Invoice INV-")
    assert made.trailer["/Root"]["/Lang"] == "en"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("山田太郎 김철수", "山田太郎 김철수"),
        ("محمد", "محمد"),
        ("שלום", "שלום"),
        ("हिन्दी", "ह"),
        ("Ελένη Жанна ไทย", "Ελένη Жанна ไทย"),
        ("ᠮᠣᠩᠭᠣᠯ", "monggol"),
        ("A\u202eB\x07C", "AB C"),
    ],
)
def test_names_in_every_script_are_shown(app: Flask, cast: Cast, name: str, found: str) -> None:
    with app.test_request_context(method="POST"):
        made = read(german(cast, company=name))
    assert found in made.pages[0].extract_text()


def test_what_no_font_has_is_written_in_latin_letters() -> None:
    page = pdf.FPDF()
    pdf_fonts.load(page, ["a"])
    written = pdf_fonts.writable(page, "б漢ᠮ\U0010fffd")
    assert written.startswith("бHan")
    assert written.endswith("?")
    assert all(ord(character) in page.fonts["body"].cmap for character in written)


def test_arabic_letters_are_joined(app: Flask, cast: Cast) -> None:
    """Shaped letters are other glyphs than the letters alone: more of the font is in the file."""
    with app.test_request_context(method="POST"):
        joined = pdf.render(german(cast, company="محمد"))
        alone = pdf.render(german(cast, company="م\u200cح\u200cم\u200cد"))
    assert len(joined) != len(alone)


def test_a_credit_note_names_what_it_counters(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        order = paid(cast, Item(1900))
        invoice = invoices.issue(order)
        note = invoices.credit(refunded(order, 700))
        assert note is not None
        text = read(note).pages[0].extract_text()
    for part in (
        "Credit note CN-",
        f"Counters invoice {invoice.number}",
        "Total credited",
        "€7.00",
        "Reason:",
    ):
        assert part in text


def test_many_lines_take_pages_and_long_words_their_room(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        order = paid(cast, *[Item(1900)] * 50)
        order.purchases[0].product_snapshot = {**order.purchases[0].product_snapshot, "title": "W" * 500}
        made = read(invoices.issue(order))
    assert len(made.pages) > 2
    assert "Course 50" in made.pages[-1].extract_text()
    assert all("Page" in page.extract_text() for page in made.pages)


def test_the_logo_is_in_it_and_the_same_document_makes_the_same_file(app: Flask, cast: Cast) -> None:
    file = BytesIO()
    Image.new("RGBA", (400, 100), (200, 0, 0, 128)).save(file, "PNG")
    with app.test_request_context(method="POST"):
        document = german(cast)
        assert len(read(document, file.getvalue()).pages[0].images) >= 1
        assert pdf.render(document) == pdf.render(document)

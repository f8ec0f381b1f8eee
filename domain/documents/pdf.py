"""The PDF of a document: one page or more, in the order in which it is read, tagged with language and title.

It shows the snapshot and nothing else but the shop's logo, so that made again it says the same.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, time
from io import BytesIO

from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace
from PIL import Image

from domain.base import money
from domain.documents import pdf_fonts, pdf_words, snapshots
from domain.documents.snapshots import Snapshot
from models import Document, DocumentKind

MARGIN, LOGO_HEIGHT, LOGO_WIDTH = 20.0, 14.0, 60.0  # millimetres
SMALL, USUAL, LARGE = 8.5, 10.0, 20.0  # points
INK, PALE, RULE = (28, 28, 30), (96, 96, 102), (200, 200, 205)
WIDTHS = (8, 72, 26, 24, 14, 26)
HEADINGS = ("#", "Description", "Price", "Discount", "Tax", "Net amount")


class _Page(FPDF):
    """A page of A4 with the seller's particulars and its number at the foot."""

    def __init__(self, foot: str) -> None:
        super().__init__(format="A4")
        self.foot = foot
        self.set_margins(MARGIN, MARGIN, MARGIN)
        self.set_auto_page_break(True, 28)

    def footer(self) -> None:
        """Write the foot; called by the library at the end of each page."""
        self.set_y(-22)
        _style(self, SMALL, PALE)
        self.multi_cell(self.epw, 4, self.foot, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.cell(self.epw, 4, f"Page {self.page_no()}", align="C")


def render(document: Document, logo: bytes | None = None) -> bytes:
    """Make the PDF of `document`; `logo` is a picture that Pillow reads."""
    said = snapshots.of(document)
    pdf = _Page("")
    pdf_fonts.load(pdf, _texts(document.snapshot))
    pdf.foot = pdf_fonts.writable(pdf, pdf_words.foot(said.seller))
    title = pdf_words.title(document)
    pdf.set_title(f"{title} {document.number}")
    pdf.set_lang(document.language)
    pdf.set_author(said.seller.name)
    pdf.set_creation_date(datetime.combine(document.issued_on, time(12), UTC))
    pdf.add_page()
    _head(pdf, said, logo)
    _parties(pdf, document, said, title)
    _lines(pdf, document, said)
    _sums(pdf, document, said)
    _notes(pdf, document, said)
    return bytes(pdf.output())


def _head(pdf: FPDF, said: Snapshot, logo: bytes | None) -> None:
    if logo is None:
        _style(pdf, 14, INK, bold=True)
        _write(pdf, said.seller.name, 7)
    else:
        with Image.open(BytesIO(logo)) as picture:
            scale = min(LOGO_HEIGHT / picture.height, LOGO_WIDTH / picture.width)
            pdf.image(picture, w=picture.width * scale, h=picture.height * scale, alt_text=said.seller.name)
    pdf.set_y(MARGIN + LOGO_HEIGHT + 4)
    _style(pdf, SMALL, PALE)
    _write(pdf, " · ".join(pdf_words.sender(said.seller)), 4)
    pdf.ln(4)


def _parties(pdf: FPDF, document: Document, said: Snapshot, title: str) -> None:
    """Write the buyer's particulars, then title and facts; beside each other they would be read mixed."""
    for line in pdf_words.party(said.buyer):
        _style(pdf, USUAL, INK)
        _write(pdf, line, 5)
    pdf.ln(8)
    _style(pdf, LARGE, INK, bold=True)
    _write(pdf, f"{title} {document.number}", 10)
    pdf.ln(1)
    for name, value in pdf_words.facts(document, said):
        _style(pdf, USUAL, PALE)
        pdf.cell(42, 5.5, name)
        _style(pdf, USUAL, INK)
        _write(pdf, value, 5.5)
    pdf.ln(5)


def _lines(pdf: FPDF, document: Document, said: Snapshot) -> None:
    _style(pdf, SMALL + 0.5, INK)
    pdf.set_draw_color(*RULE)
    head = FontFace(emphasis="B", color=INK)
    with pdf.table(
        col_widths=WIDTHS, text_align=("LEFT", "LEFT", "RIGHT", "RIGHT", "RIGHT", "RIGHT"), line_height=4.6,
        borders_layout="HORIZONTAL_LINES", headings_style=head, padding=(1.2, 1), width=pdf.epw,
    ) as table:  # fmt: skip
        table.row(HEADINGS)
        for number, line in enumerate(said.lines, 1):
            words = [line.title, f"by {line.author}" if line.author else ""]
            cells = (
                "\n".join(text for text in words if text),
                _amount(line.unit_net_cents, document),
                _amount(-line.discount_cents, document) if line.discount_cents else "–",
                pdf_words.rate(line.tax_rate_bp),
                _amount(line.net_cents, document),
            )
            table.row([str(number), *(pdf_fonts.writable(pdf, text) for text in cells)])
    pdf.ln(3)


def _sums(pdf: FPDF, document: Document, said: Snapshot) -> None:
    rows = [("Net amount", document.net_cents)]
    rows += [
        (f"Tax {pdf_words.rate(tax.rate_bp)} on {_amount(tax.net_cents, document)}", tax.tax_cents)
        for tax in said.taxes
        if tax.rate_bp or tax.tax_cents
    ]
    is_credit = document.kind == DocumentKind.CREDIT_NOTE
    rows.append(("Total credited" if is_credit else "Total", document.total_cents))
    for place, (name, cents) in enumerate(rows, 1):
        _style(pdf, USUAL, INK, bold=place == len(rows))
        pdf.set_x(pdf.l_margin + pdf.epw - 100)
        pdf.cell(66, 6, pdf_fonts.writable(pdf, name))
        amount = pdf_fonts.writable(pdf, _amount(cents, document))
        pdf.cell(34, 6, amount, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(6)


def _notes(pdf: FPDF, document: Document, said: Snapshot) -> None:
    for sentence in pdf_words.notes(document, said):
        _style(pdf, USUAL, INK)
        _write(pdf, sentence, 5.2)
        pdf.ln(1.5)


def _style(pdf: FPDF, points: float, color: tuple[int, int, int], bold: bool = False) -> None:
    """Choose font and color. The font is set twice, so that it is written to the page even if it's the same.

    Behind a text in a fallback font the library takes the font for set, though the page has gone back to the
    one of before that text.
    """
    for size in (points + 1, points):
        pdf.set_font(pdf_fonts.BODY, "B" if bold else "", size)
    pdf.set_text_color(*color)


def _amount(cents: int, document: Document) -> str:
    """Write an amount with a hyphen for a minus, which not every font has."""
    return money.money(cents, document.currency).replace("\N{MINUS SIGN}", "-")


def _write(pdf: FPDF, text: str, height: float) -> None:
    pdf.multi_cell(0, height, pdf_fonts.writable(pdf, text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _texts(values: object) -> Iterable[str]:
    """Yield every text in JSON values."""
    if isinstance(values, str):
        yield values
    elif isinstance(values, dict):
        for value in values.values():
            yield from _texts(value)
    elif isinstance(values, list):
        for value in values:
            yield from _texts(value)

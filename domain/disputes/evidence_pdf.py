"""The evidence as a PDF, to read or to upload elsewhere: each field under its label, in their order."""

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from domain.base.money import money
from domain.disputes import states
from domain.disputes.activity import stamp
from domain.disputes.evidence_fields import FIELDS
from domain.documents import pdf_fonts
from domain.platform import settings
from models import Dispute

MARGIN = 20.0  # millimetres
SMALL, USUAL, LARGE = 8.5, 10.0, 18.0  # points


class _Page(FPDF):
    """A page of A4 with its number at the foot."""

    def footer(self) -> None:
        """Write the foot; called by the library at the end of each page."""
        self.set_y(-15)
        self.set_font(pdf_fonts.BODY, "", SMALL)
        self.cell(self.epw, 4, f"Page {self.page_no()}", align="C")


def render(dispute: Dispute) -> bytes:
    """Make the PDF of the draft of `dispute`, whose order is loaded."""
    title, facts = f"Evidence for order {dispute.order.number}", _facts(dispute)
    texts = {name: str(dispute.evidence[name]) for name in FIELDS if dispute.evidence.get(name)}
    pdf = _Page(format="A4")
    pdf.set_margins(MARGIN, MARGIN, MARGIN)
    pdf.set_auto_page_break(True, 22)
    pdf_fonts.load(pdf, [title, *facts, *texts.values()])
    pdf.set_title(title)
    pdf.set_lang("en")
    pdf.set_author(settings.current().name)
    pdf.add_page()
    _write(pdf, title, LARGE, bold=True)
    pdf.ln(2)
    for fact in facts:
        _write(pdf, fact, USUAL)
    for name, value in texts.items():
        pdf.ln(5)
        _write(pdf, FIELDS[name].label, USUAL + 1, bold=True)
        pdf.ln(1)
        _write(pdf, value, USUAL - 1)
    return bytes(pdf.output())


def _facts(dispute: Dispute) -> list[str]:
    collected = dispute.collected_at or dispute.synced_at
    return [
        f"Dispute {dispute.stripe_dispute_id} over {money(dispute.amount_cents, dispute.currency)}",
        f"Reason given: {states.reason(dispute)}",
        f"Opened {stamp(dispute.disputed_at)}; evidence collected {stamp(collected)}",
    ]


def _write(pdf: FPDF, text: str, points: float, bold: bool = False) -> None:
    """Write a paragraph. The font is set twice, as in domain/documents/pdf.py: a fallback font unsets it."""
    for size in (points + 1, points):
        pdf.set_font(pdf_fonts.BODY, "B" if bold else "", size)
    words = pdf_fonts.writable(pdf, text.replace("\N{MINUS SIGN}", "-"))
    pdf.multi_cell(0, points * 0.5, words, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

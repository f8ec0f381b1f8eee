"""Fonts of the PDFs: which are needed for a text, and what stands for characters that none of them has."""

import unicodedata
from collections.abc import Iterable
from pathlib import Path

import anyascii
from fpdf import FPDF
from fpdf.fonts import TTFFont

FOLDER = Path(__file__).with_name("fonts")
BODY = "body"
# Fonts by what they are for, with the characters that ask for them: a document loads only those it needs.
SCRIPTS: dict[str, tuple[tuple[int, int], ...]] = {
    "NotoSansArabic-Regular": ((0x600, 0x6FF), (0x750, 0x77F), (0x8A0, 0x8FF), (0xFB50, 0xFEFC)),
    "NotoSansHebrew-Regular": ((0x590, 0x5FF), (0xFB1D, 0xFB4F)),
    "NotoSansDevanagari-Regular": ((0x900, 0x97F), (0xA8E0, 0xA8FF)),
    "NotoSansBengali-Regular": ((0x980, 0x9FF),),
    "NotoSansTamil-Regular": ((0xB80, 0xBFF),),
    "NotoSansThai-Regular": ((0xE00, 0xE7F),),
    "NotoSansArmenian-Regular": ((0x530, 0x58F), (0xFB13, 0xFB17)),
    "NotoSansGeorgian-Regular": ((0x10A0, 0x10FF), (0x1C90, 0x1CBF), (0x2D00, 0x2D2F)),
    "WenQuanYiMicroHei": ((0x1100, 0x11FF), (0x2E80, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF),
                              (0xFF00, 0xFFEF)),
}  # fmt: skip
JOINERS = "\u200c\u200d"  # they decide about the shapes of Persian and Indic letters


def load(pdf: FPDF, texts: Iterable[str]) -> None:
    """Give `pdf` the fonts for `texts`, in the regular and the bold style, and have words shaped."""
    pdf.add_font(BODY, "", FOLDER / "NotoSans-Regular.ttf")
    pdf.add_font(BODY, "B", FOLDER / "NotoSans-Bold.ttf")
    codes = {ord(character) for text in texts for character in text}
    needed = [name for name, spans in SCRIPTS.items() if _touches(codes, spans)]
    for name in needed:
        pdf.add_font(name, "", FOLDER / f"{name}.ttf")
    pdf.set_fallback_fonts(needed, exact_match=False)
    # Without kerning, whose small steps readers of the text take for spaces.
    pdf.set_text_shaping(use_shaping_engine=True, features={"kern": False})


def writable(pdf: FPDF, text: str) -> str:
    """Replace the characters of `text` that no loaded font has: by Latin letters, or by a question mark.

    Nothing that is printed is an empty box: a name in a rare script is printed as it is pronounced.
    """
    has = [font.cmap for font in pdf.fonts.values() if isinstance(font, TTFFont)]
    return "".join(
        _shown(character, any(ord(character) in cmap for cmap in has))
        for character in unicodedata.normalize("NFC", text)
    )


def _shown(character: str, is_there: bool) -> str:
    """Return what stands for a character: nothing for invisible ones, which could turn others round."""
    if character == "\n" or character in JOINERS:
        return character
    kind = unicodedata.category(character)
    if kind in ("Cc", "Zl", "Zp"):
        return " "
    if kind == "Cf":
        return ""
    return character if is_there else anyascii.anyascii(character) or "?"


def _touches(codes: set[int], spans: tuple[tuple[int, int], ...]) -> bool:
    return any(first <= code <= last for code in codes for first, last in spans)

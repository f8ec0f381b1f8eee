"""Normalisation of typed text: for forms, imports, Markdown and captions alike.

Everything stays as it was typed except what breaks databases and pages or hides the reading order: control
characters (tab and line feed stay), surrogates, non-characters, and bidirectional overrides and isolates
(U+202A–202E, U+2066–2069, "Trojan Source"). Joiners, direction marks, soft hyphens, the tags of flags, and
characters newer than Python's Unicode tables all stay.

Multi-line texts keep every blank and every spelling of an accent; only line ends become line feeds. A
single-line text is compared and sorted, so it has single spaces and composed accents (NFC).
"""

import re
import unicodedata
from collections.abc import Iterable

# The last two code points of each of Unicode's seventeen planes are non-characters.
_NO_CHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(p + 0xFFFE)}{chr(p + 0xFFFF)}" for p in range(0, 0x110000, 0x10000)
)
_TURNS = "\u202a-\u202e\u2066-\u2069"
_REMOVED = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff{_TURNS}{_NO_CHARACTERS}]")
_BLANKS = re.compile(r"[\t-\r\x1c-\x20\x85\u2028\u2029]+")
_BLANK_LINES = re.compile(r"(?:[ \t]*\n)+")
# Default_Ignorable_Code_Point of Unicode 16, blanks, and two blank letters (Hangul, Braille).
_INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff"
)
_UNSEEN = re.compile(rf"[\s{_INVISIBLE}]*")
_INSIDE_WORDS = re.compile(rf"[{_INVISIBLE}]+")
_ABOVE_ACCENTS = re.compile(r"[^\x00-\u02ff]{31,}")
MOST_MARKS = 30  # after one letter, as in Unicode's Stream-Safe Text Format (UAX 15, section 13)


def clean(value: str) -> str:
    """Remove forbidden characters and normalise line ends; idempotent."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    return _REMOVED.sub("", value)


def one_line(value: str) -> str:
    """Normalise a single-line text (NFC, single spaces); "" when nothing of it is visible."""
    if value.isascii() and value.isprintable() and "  " not in value:
        return value.strip()
    words = _BLANKS.sub(" ", _REMOVED.sub("", _BLANKS.sub(" ", value)))
    words = composed(words).strip()
    return "" if _UNSEEN.fullmatch(words) else words


def natural_order(text: str) -> list[tuple[int, int | str]]:
    """Build the key of a natural sort: 2 comes before 10, whatever the case."""
    return [
        (0, int(piece)) if piece.isdecimal() and piece.isascii() else (1, piece.lower())
        for piece in re.split(r"([0-9]{1,9})", text)
        if piece
    ]


def lines(values: Iterable[str]) -> list[str]:
    """Normalise a list of single-line texts: each once, without empty ones."""
    found = map(one_line, values)
    return list(dict.fromkeys(line for line in found if line))


def paragraphs(value: str) -> str:
    """Normalise a multi-line text, without blank lines around it; "" when nothing of it is visible."""
    kept = markdown_source(value)
    before = _BLANK_LINES.match(kept)
    return kept[before.end() if before else 0 :].rstrip()


def markdown_source(value: str) -> str:
    """Normalise Markdown, in which every blank counts; "" when nothing of it is visible.

    A byte order mark at the beginning only marks a file's encoding and is removed.
    """
    kept = clean(value).lstrip("\ufeff")
    return "" if _UNSEEN.fullmatch(kept) else kept


def visible(value: str) -> str:
    """Remove invisible characters such as soft hyphens, for comparing words."""
    return _INSIDE_WORDS.sub("", value)


def composed(value: str) -> str:
    """Normalise to NFC, except where more than MOST_MARKS combining marks follow one letter.

    Sorting n marks takes n² steps: a form full of them would hold a thread for hours.
    """
    return value if value.isascii() or is_heaped(value) else unicodedata.normalize("NFC", value)


def is_heaped(value: str) -> bool:
    """Tell whether more than MOST_MARKS combining marks follow one letter."""
    for run in _ABOVE_ACCENTS.finditer(value):
        marks = 0
        for character in run.group():
            marks = marks + 1 if unicodedata.combining(character) else 0
            if marks > MOST_MARKS:
                return True
    return False

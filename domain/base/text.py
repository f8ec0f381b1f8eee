"""What is kept of a text that somebody typed: the one place for forms, imports, Markdown and captions.

Everything stays as it was typed, but for what breaks databases and pages or lies about the order of reading:
control characters (tab and line feed stay), surrogates, non-characters, and the characters that turn the
direction of what follows (U+202A–202E, U+2066–2069, "Trojan Source"). Joiners, direction marks, soft
hyphens, the tags of flags, and characters newer than Python's tables of Unicode all stay.

Texts on several lines keep every blank and every spelling of an accent; only lines end alike, with a line
feed. A text on one line is compared and sorted, so it has single spaces and composed accents (NFC).
"""

import re
import unicodedata

# The last two characters of each of Unicode's seventeen planes are none, and never will be.
_NO_CHARACTERS = "\ufdd0-\ufdef" + "".join(
    f"{chr(p + 0xFFFE)}{chr(p + 0xFFFF)}" for p in range(0, 0x110000, 0x10000)
)
_TURNS = "\u202a-\u202e\u2066-\u2069"
_REMOVED = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff{_TURNS}{_NO_CHARACTERS}]")
_BLANKS = re.compile(r"[\t-\r\x1c-\x20\x85\u2028\u2029]+")
_BLANK_LINES = re.compile(r"(?:[ \t]*\n)+")
# Default_Ignorable_Code_Point of Unicode 16, blanks, and two letters that show nothing (Hangul, Braille).
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
    """`value` with line feeds at the ends of its lines and without what is never kept; idempotent."""
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    return _REMOVED.sub("", value)


def one_line(value: str) -> str:
    """Text on one line, with composed accents; "" when nothing of it can be seen."""
    if value.isascii() and value.isprintable() and "  " not in value:
        return value.strip()
    words = _BLANKS.sub(" ", _REMOVED.sub("", _BLANKS.sub(" ", value)))
    words = composed(words).strip()
    return "" if _UNSEEN.fullmatch(words) else words


def paragraphs(value: str) -> str:
    """Text on several lines, without empty lines around it; "" when nothing of it can be seen."""
    kept = markdown(value)
    before = _BLANK_LINES.match(kept)
    return kept[before.end() if before else 0 :].rstrip()


def markdown(value: str) -> str:
    """Markdown, in which every blank counts; "" when nothing of it can be seen.

    A byte order mark at the beginning says how a file is encoded and is no part of its text.
    """
    kept = clean(value).lstrip("\ufeff")
    return "" if _UNSEEN.fullmatch(kept) else kept


def visible(value: str) -> str:
    """`value` without what shows nothing, such as soft hyphens: as words are compared."""
    return _INSIDE_WORDS.sub("", value)


def composed(value: str) -> str:
    """`value` in Unicode's NFC; as it is where more than MOST_MARKS marks stand on one letter.

    To sort n marks takes n² steps: a form of nothing else would hold a thread for hours.
    """
    return value if value.isascii() or _is_heaped(value) else unicodedata.normalize("NFC", value)


def _is_heaped(value: str) -> bool:
    for run in _ABOVE_ACCENTS.finditer(value):
        marks = 0
        for character in run.group():
            marks = marks + 1 if unicodedata.combining(character) else 0
            if marks > MOST_MARKS:
                return True
    return False

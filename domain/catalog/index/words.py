"""Words of courses and of searches: folded and cut alike, in every script and for both databases.

A folded word has no case, no accents and one spelling for what people type in several ways (full width,
Arabic letters, final letters, digits). Marks that belong to the word, as the vowels of Hindi and Thai, are
written as letters, because the databases would cut words at them: `readable` turns them back.
"""

import re
import unicodedata

from domain.base.text import is_heaped, visible
from domain.base.word_folding import LETTERS

MOST_UNITS = 16
LONGEST = 40
_JOINED = 24  # letters of a word made of parts, such as http2 for HTTP/2
_ELIDED = 2  # letters that an apostrophe cuts off: l’eau, don’t

# Names that would lose what distinguishes them: C++ is not C.
_NAMES = (
    (re.compile(r"(?<!\w)c\+\+"), "cplusplus"),
    (re.compile(r"(?<!\w)([cfj])#"), r"\1sharp"),
    (re.compile(r"(?<!\w)\.net\b"), "dotnet"),
)
_READABLE = {"cplusplus": "c++", "csharp": "c#", "fsharp": "f#", "jsharp": "j#", "dotnet": ".net"}
_UNIT = re.compile(r"[^\W_]+(?:[/.'&·-][^\W_]+)*")
_JOINT = re.compile(r"[/.'&·-]")

_SAME: dict[int, str] = str.maketrans(
    {
        "ٱ": "ا", "ى": "ي", "ی": "ي", "ة": "ه", "ک": "ك", "ـ": "",
        "ך": "כ", "ם": "מ", "ן": "נ", "ף": "פ", "ץ": "צ",
        "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "‐": "-", "‑": "-", "⁄": "/", "♯": "#",
    }
)  # fmt: skip
_SAME |= LETTERS
_SAME |= {code: str(unicodedata.decimal(chr(code))) for code in range(0x660, 0x1B60) if chr(code).isdecimal()}
# Marks that people leave out: accents, Hebrew points, Arabic vowels, the nukta of Hindi.
_LEFT_OUT = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8"
    "\u06ea-\u06ed\u08d3-\u08ff\u093c\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+"
)
# Persian puts a zero-width non-joiner between the parts of a word, or a blank.
_PERSIAN_JOINT = re.compile("(?<=[\u0620-\u06d3])\u200c(?=[\u0620-\u06d3])")
# All other marks from Devanagari to Khmer and Mongolian, as syllables of Yi, in the order of their codes.
_MARKS = [code for code in range(0x900, 0x1B00) if unicodedata.category(chr(code))[0] == "M"]
_TO_LETTERS = {code: 0xA000 + number for number, code in enumerate(_MARKS)}
_FROM_LETTERS = {letter: code for code, letter in _TO_LETTERS.items()}
# Scripts that put no blanks between words: kana, Han, Thai, Lao, Burmese, Khmer.
_LETTER = (
    "\u3005-\u3007\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U000323af\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
_UNSPACED = re.compile(f"([{_LETTER}][{_LETTER}\ua000-\ua48c]*)")


def fold(text: str) -> str:
    """Fold to what searching compares: "Crème" is "creme", "Ｃ＋＋" is "c++", "ёлка" is "елка"."""
    text = text.casefold()
    if text.isascii():
        return text
    text = visible(_PERSIAN_JOINT.sub("-", text))
    if is_heaped(text):  # normalising would take minutes
        text = "".join(c for c in text if not unicodedata.combining(c))
    text = unicodedata.normalize("NFKD", text).replace("и\u0306", "й")
    text = _LEFT_OUT.sub("", text).translate(_SAME)
    return unicodedata.normalize("NFC", text).translate(_TO_LETTERS)


def readable(word: str) -> str:
    """Turn a folded word back into what people read."""
    return _READABLE.get(word) or word.translate(_FROM_LETTERS)


def of_document(text: str) -> list[str]:
    """Cut a text into the words that a search document stores, in order.

    What is written with signs is found by its parts and in one: HTTP/2 is http, 2 and http2. Scripts
    without blanks are stored as pairs of letters, and the last one alone.
    """
    found: list[str] = []
    for unit in _units(text):
        parts = parts_of(unit)
        for part in parts:
            found += [*pairs_of(part), part[-1]] if is_unspaced(part) else [part[:LONGEST]]
        if len(whole := joined(unit)) <= _JOINED and whole != parts[0]:
            found.append(whole)
    return found


def of_query(text: str) -> tuple[str, ...]:
    """Cut a search into at most MOST_UNITS different units: words with their signs inside; () for noise."""
    return tuple(dict.fromkeys(unit[:LONGEST].rstrip("/.'&·-") for unit in _units(text[:400])))[:MOST_UNITS]


def parts_of(unit: str) -> list[str]:
    """List the words of a unit without its signs, and without what an apostrophe cuts off."""
    parts = _JOINT.split(unit)
    if "'" in unit:
        parts = [part for part in parts if len(part) > _ELIDED] or parts
    return parts


def joined(unit: str) -> str:
    """Write the words of a unit in one: node.js is nodejs."""
    return _JOINT.sub("", unit)


def is_unspaced(word: str) -> bool:
    """Tell whether `word` is a run of a script without blanks."""
    return _UNSPACED.match(word) is not None


def pairs_of(run: str) -> list[str]:
    """List the overlapping pairs of letters (bigrams) of a run."""
    return [run[at : at + 2] for at in range(len(run) - 1)]


def _units(text: str) -> list[str]:
    folded = fold(text)
    if "+" in folded or "#" in folded or "." in folded:
        for pattern, name in _NAMES:
            folded = pattern.sub(name, folded)
    units: list[str] = _UNIT.findall(folded)
    if folded.isascii():
        return units
    found: list[str] = []
    for unit in units:
        if _UNSPACED.search(unit):
            found += [word for part in _JOINT.split(unit) for word in _UNSPACED.split(part) if word]
        else:
            found.append(unit)
    return found

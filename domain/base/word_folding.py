"""Words as search compares them: lower case, without accents, the same on every database."""

import re
import unicodedata

from domain.base.text import visible

MAX_WORDS = 8
MAX_LENGTH = 40

# Letters that Unicode does not take apart into a base letter and a mark.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
# Names that would lose what tells them apart from their neighbours: C++ is not C.
_NAMES = (
    (re.compile(r"(?<!\w)c\+\+"), "cplusplus"),
    (re.compile(r"(?<!\w)([cfj])#"), r"\1sharp"),
    (re.compile(r"(?<!\w)\.net\b"), "dotnet"),
)
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """`text` in lower case and without accents: "Crème Brûlée" is "creme brulee"."""
    if text.isascii():
        return text.lower()
    # Marks that stand alone go first: to sort n of them after one letter takes n² steps.
    letters = "".join(c for c in visible(text.casefold()) if not unicodedata.combining(c))
    decomposed = unicodedata.normalize("NFKD", letters)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)


def split(text: str) -> list[str]:
    """The words of `text`, folded, in their order: what is written to and asked of the full-text index."""
    folded = fold(text)
    if "+" in folded or "#" in folded or "." in folded:
        for pattern, name in _NAMES:
            folded = pattern.sub(name, folded)
    return _WORD.findall(folded)


def of_query(text: str) -> tuple[str, ...]:
    """What somebody searches for as at most MAX_WORDS different words; noise gives none."""
    found = (word[:MAX_LENGTH] for word in split(text[:400]))
    return tuple(dict.fromkeys(found))[:MAX_WORDS]

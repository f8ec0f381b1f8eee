"""Word folding for search: lower case, without accents, the same on every database."""

import re
import unicodedata

from domain.base.text import visible

MAX_WORDS = 8
MAX_LENGTH = 40

# Letters that Unicode doesn't decompose into a base letter and a mark.
_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
# Names that would lose what distinguishes them: C++ is not C.
_NAMES = (
    (re.compile(r"(?<!\w)c\+\+"), "cplusplus"),
    (re.compile(r"(?<!\w)([cfj])#"), r"\1sharp"),
    (re.compile(r"(?<!\w)\.net\b"), "dotnet"),
)
_WORD = re.compile(r"[^\W_]+")


def fold(text: str) -> str:
    """Fold to lower case without accents: "Crème Brûlée" is "creme brulee"."""
    if text.isascii():
        return text.lower()
    # Combining marks go first: normalising n of them after one letter takes n² steps.
    letters = "".join(c for c in visible(text.casefold()) if not unicodedata.combining(c))
    decomposed = unicodedata.normalize("NFKD", letters)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(_LETTERS)


def split(text: str) -> list[str]:
    """Split into folded words, in order, as the full-text index stores and queries them."""
    folded = fold(text)
    if "+" in folded or "#" in folded or "." in folded:
        for pattern, name in _NAMES:
            folded = pattern.sub(name, folded)
    return _WORD.findall(folded)


def query_words(text: str) -> tuple[str, ...]:
    """Parse a search query into at most MAX_WORDS different words; () for noise."""
    found = (word[:MAX_LENGTH] for word in split(text[:400]))
    return tuple(dict.fromkeys(found))[:MAX_WORDS]

"""Word folding for names that are compared: lower case, without accents, the same on every database.

Tags, blocked words and suggestions in imports use it; searching folds more (domain/catalog/index/words.py).
"""

import re
import unicodedata

from domain.base.text import visible

# Letters that Unicode doesn't decompose into a base letter and a mark.
LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
# Names that would lose what distinguishes them: C++ is not C.
_NAMES = (
    (re.compile(r"(?<!\w)c\+\+"), "cplusplus"),
    (re.compile(r"(?<!\w)([cfj])#"), r"\1sharp"),
    (re.compile(r"(?<!\w)\.net\b"), "dotnet"),
)
# Vowel signs from Devanagari to Khmer and Mongolian belong to a word; Python’s \w cuts at them.
_MARKS = "".join(chr(code) for code in range(0x900, 0x1B00) if unicodedata.category(chr(code))[0] == "M")
_WORD = re.compile(f"[^\\W_](?:[^\\W_]|[{_MARKS}])*")


def fold(text: str) -> str:
    """Fold to lower case without accents: "Crème Brûlée" is "creme brulee"."""
    if text.isascii():
        return text.lower()
    # Combining marks go first: normalising n of them after one letter takes n² steps.
    letters = "".join(c for c in visible(text.casefold()) if not unicodedata.combining(c))
    decomposed = unicodedata.normalize("NFKD", letters)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).translate(LETTERS)


def split(text: str) -> list[str]:
    """Split into folded words, in order."""
    folded = fold(text)
    if "+" in folded or "#" in folded or "." in folded:
        for pattern, name in _NAMES:
            folded = pattern.sub(name, folded)
    return _WORD.findall(folded)

"""Other forms of a folded word under which it is found: its stem, or the word without a prefix or particle.

The words of a document and those of a search get the same forms, so that they meet: `restoring` and
`restores` in `restor`. Words written in one with others (German `Datenbankentwurf`) are the searching
index's matter, which knows the words of the catalogue.
"""

import re
import threading
from collections.abc import Iterable
from functools import cache, lru_cache
from importlib.metadata import version
from typing import Any

import snowballstemmer

SHORTEST = 4
MARK = "\ua48c"  # before a stem: `compass` is also that of `compasses`, and whole words come first
KEPT = 20_000  # stems: finding one takes a tenth of a millisecond
VERSION = version("snowballstemmer")

_ALGORITHMS = {
    "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "fi": "finnish", "fr": "french", "hu": "hungarian", "id": "indonesian", "it": "italian",
    "nb": "norwegian", "nl": "dutch", "nn": "norwegian", "no": "norwegian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
_LETTERS_OF = {"ru": re.compile("[\u0430-\u045f]+"), "el": re.compile("[\u03b1-\u03c9]+")}
_LATIN = re.compile("[a-z]+")
# "and", "the", "in", "to", "as", "from", "that" and "the" after another, written as one word with the next.
_HEBREW = re.compile(r"(?:[ושכמלב]ה|[הובלכמש])(?=[\u05d0-\u05ea]{3})")
_ARABIC = re.compile(r"(?:[وبكف]?ال|لل|[وبل])(?=[\u0621-\u064a]{3})")
_KOREAN = re.compile(r"(?<=[\uac00-\ud7a3]{2})(?:에서|으로|부터|까지|에게|[을를이가은는에의로와과도만])$")
_LOCK = threading.Lock()  # a stemmer keeps the word it works on


def of(word: str, languages: Iterable[str]) -> set[str]:
    """List other forms of `word`, if it is a word of one of `languages` (BCP 47 tags without regions).

    A stem begins with MARK; a word without its prefix or particle is a word itself.
    """
    found = {MARK + stem for language in languages for stem in _stems(word, language) if stem != word}
    if not word.isascii():
        found |= {pattern.sub("", word, count=1) for pattern in (_HEBREW, _ARABIC) if pattern.match(word)}
        found.add(_KOREAN.sub("", word))
    return found - {word}


@lru_cache(KEPT)
def _stems(word: str, language: str) -> tuple[str, ...]:
    if len(word) < SHORTEST or language not in _ALGORITHMS:
        return ()
    if not _LETTERS_OF.get(language, _LATIN).fullmatch(word):
        return ()
    with _LOCK:
        return (_stemmer(language).stemWord(word),)


@cache
def _stemmer(language: str) -> Any:
    return snowballstemmer.stemmer(_ALGORITHMS[language])

"""The password policy: length, and a blocklist of what guessers try first; no rules of composition.

After NIST SP 800-63B, 3.1.1.2: common passwords, the person's own words, the shop's name, and keyboard runs
are refused.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache
from itertools import pairwise
from pathlib import Path

from domain import Refused
from domain.base import text

MIN_PASSWORD = 10
MAX_PASSWORD = 256
COMMON = "This password is too common. A few unrelated words work well."
OWN_WORDS = "Don’t use your name, your address or the name of this site: they’re easy to guess."
TOO_EASY = "That’s too easy to guess. A few unrelated words work well."

_LIST = Path(__file__).with_name("common_passwords.txt")
_LEFT = 6  # characters that must remain without the person's own words
_LENGTHENED = 8  # characters added to a common password that don't make it better
_UNFORESEEN = 5  # characters needed that can't be predicted from the one before
_KEYS = ("1234567890", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm", "wxcvbn")
_LOOK_ALIKE = str.maketrans("@48310!$57", "aabeioisst")
_NO_LETTERS = "".join(chr(n) for n in range(33, 127) if not chr(n).isalpha())
_YEAR = re.compile(r"(?:19|20)\d\d")
_WORD = re.compile(r"[^\W_]{3,}")


def composed(password: str) -> str:
    """Normalise a password to NFC, as it is hashed: “é” is typed as one character or as two."""
    return text.composed(password)


def spellings(password: str) -> tuple[str, ...]:
    """List the spellings to verify against a hash: NFC, then as typed, for hashes made before that."""
    return tuple(dict.fromkeys((composed(password), password)))


def check(password: str, about: Iterable[str] = ()) -> None:
    """Raise Refused where `password` is too short, too long or easily guessed.

    `about` are words that a guesser would know: the person's name and address, the name of the shop.
    """
    password = composed(password)
    if len(password) < MIN_PASSWORD:
        raise Refused(f"Use at least {MIN_PASSWORD} characters.", "password")
    if len(password) > MAX_PASSWORD:
        raise Refused(f"Use at most {MAX_PASSWORD} characters.", "password")
    if _is_easy(password):
        raise Refused(TOO_EASY, "password")
    if _is_common(password):
        raise Refused(COMMON, "password")
    if _is_known(password, about):
        raise Refused(OWN_WORDS, "password")


def _is_easy(password: str) -> bool:
    """Tell if almost every character is predictable from the one before, or a short piece repeats."""
    plain = _plain(password)
    return len(set(plain)) < 4 or _unforeseen(_period(plain)) < _UNFORESEEN


def _is_common(password: str) -> bool:
    """Tell if it is in the blocklist: as it is, repeated, or with digits and signs added at its ends."""
    plain = _plain(password)
    core = plain.strip(_NO_LETTERS)
    tried = {plain, _period(plain), core if len(plain) - len(core) <= _LENGTHENED else plain}
    return bool((tried | {_folded(text) for text in tried}) & _common())


def _is_known(password: str, about: Iterable[str]) -> bool:
    """Tell if little remains of it without the words of `about` and without years."""
    rest = _plain(password)
    for word in sorted(_words(about), key=len, reverse=True):
        rest = rest.replace(word, "") if word in rest else _without_folded(rest, word)
    if rest == _plain(password):
        return False
    left = "".join(c for c in _YEAR.sub("", rest) if c.isalnum())
    return len(left) < _LEFT or _unforeseen(left) < 3


def _words(about: Iterable[str]) -> set[str]:
    texts = [_plain(text) for text in about]
    pieces = {piece for text in texts for piece in _WORD.findall(text)}
    return pieces | {"".join(text.split()) for text in texts if len(text) > 2}


def _without_folded(rest: str, word: str) -> str:
    """Remove `word` written with look-alikes (“p4ul”); folding keeps every character's place."""
    at = _folded(rest).find(_folded(word))
    return rest if at < 0 else rest[:at] + rest[at + len(word) :]


def _period(text: str) -> str:
    """Find the piece that `text` repeats from beginning to end; `text` itself where it repeats none."""
    for size in range(1, len(text) // 2 + 1):
        if text[size:] == text[:-size]:
            return text[:size]
    return text


def _unforeseen(text: str) -> int:
    """Count characters that neither repeat, nor continue, nor neighbour the one before on a keyboard."""
    return bool(text) + sum(not _follows(one, other) for one, other in pairwise(text))


def _follows(one: str, other: str) -> bool:
    return abs(ord(one) - ord(other)) <= 1 or f"{one}{other}" in _neighbours()


@cache
def _neighbours() -> frozenset[str]:
    """List the pairs of neighbouring keys, in both directions."""
    return frozenset(
        pair for row in _KEYS for line in (row, row[::-1]) for pair in map("".join, pairwise(line))
    )


@cache
def _common() -> frozenset[str]:
    lines = _LIST.read_text().splitlines()
    plain = {line for line in lines if not line.startswith("#")}
    return frozenset(plain | {_folded(line) for line in plain})


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _folded(text: str) -> str:
    """Replace digits and signs that look like letters by these."""
    return text.translate(_LOOK_ALIKE)

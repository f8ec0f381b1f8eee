"""Codes of coupons: how they are written, whatever way they were typed."""

import re
import secrets

LONGEST = 40
SHORTEST = 3
DRAWN = 10
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # without characters that look alike, such as 0 and O

_CODE = re.compile(rf"[A-Z0-9][A-Z0-9_-]{{{SHORTEST - 1},{LONGEST - 1}}}", re.ASCII)
_SHOWN = 30


def read(typed: str) -> str | None:
    """Write a code as it is stored: upper case, without spaces around it; None for what can't be one.

    >>> read(" welcome-10 "), read("10 % off"), read("x" * 10_000)
    ('WELCOME-10', None, None)
    """
    if len(typed) > 4 * LONGEST:
        return None
    code = typed.strip().upper()
    return code if _CODE.fullmatch(code) else None


def shown(typed: str) -> str:
    """Cut what was typed to a length that fits into a sentence, without what isn't printed.

    >>> shown("a" * 40)
    'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…'
    """
    begun = "".join(letter for letter in typed[: 4 * LONGEST].strip() if letter.isprintable())
    return begun if len(begun) <= _SHOWN else f"{begun[:_SHOWN]}…"


def draw(prefix: str = "") -> str:
    """Draw a code that nobody guesses (50 bits), behind `prefix` if given: SPRING-7KQ3M9XT2A."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(DRAWN))
    return f"{prefix}-{letters}" if prefix else letters

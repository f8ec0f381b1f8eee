"""Redaction of tokens and secrets, for pages that show jobs, mails and events to admins."""

import re
from typing import Any

HIDDEN = "•••"
_LINKS = re.compile(
    r"(/(?:reset-password|verify-email|confirm-email|not-me|unsubscribe|gifts/claim)/)[^/?#\s\"'<>]+"
)
# Anchored at the beginning of a word: retrying at each letter would take quadratic time on a long one.
_TOKENS = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{20,}")
_SECRET_NAMES = re.compile(r"secret|token|password|fingerprint", re.I)


def masked(value: Any, name: str = "") -> Any:
    """Replace every token and secret in `value` (plain JSON); `name` is its key."""
    if isinstance(value, dict):
        return {key: masked(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, name) for inner in value]
    if not isinstance(value, str) or not value:
        return value
    if _SECRET_NAMES.search(name):
        return HIDDEN
    return _TOKENS.sub(HIDDEN, _LINKS.sub(rf"\1{HIDDEN}", value))

"""What nobody may read over another's shoulder: links that open an account, secrets of other services."""

import re
from typing import Any

HIDDEN = "•••"
_LINKS = re.compile(r"(/(?:reset-password|verify-email|confirm-email|not-me|unsubscribe)/)[^/?#\s\"'<>]+")
# It begins where a word does: from every letter on, a long one would be read again and again.
_TOKENS = re.compile(r"(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{20,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]{20,}")
_SECRET_NAMES = re.compile(r"secret|token|password|fingerprint", re.I)


def masked(value: Any, name: str = "") -> Any:
    """`value`, of plain JSON, with every token and secret in it replaced; `name` is what it is called."""
    if isinstance(value, dict):
        return {key: masked(inner, str(key)) for key, inner in value.items()}
    if isinstance(value, list):
        return [masked(inner, name) for inner in value]
    if not isinstance(value, str) or not value:
        return value
    if _SECRET_NAMES.search(name):
        return HIDDEN
    return _TOKENS.sub(HIDDEN, _LINKS.sub(rf"\1{HIDDEN}", value))

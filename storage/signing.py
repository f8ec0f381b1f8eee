"""Signed, expiring tokens (HMAC) for the app's own media route."""

import hmac
import math
import time
from datetime import UTC, datetime

from domain.base import signing
from storage.keys import check_prefix

QUARTER_HOUR = 900


def sign(prefix: str, expires_at: datetime) -> str:
    """Sign a token for the folder `prefix` (`media/<asset id>/`), valid until at least `expires_at`.

    The expiry is rounded up to the next quarter of an hour, so that reloading a page gives the same addresses
    and the browser's cache is used.
    """
    expires = math.ceil(expires_at.timestamp() / QUARTER_HOUR) * QUARTER_HOUR
    return f"{expires:x}.{_signatures(check_prefix(prefix), expires)[0]}"


def verify(token: str, prefix: str) -> datetime | None:
    """Verify `token` for the folder `prefix` and return its expiry; None when forged or expired.

    Keys in `SECRET_KEY_FALLBACKS` still count, so that rotating the secret interrupts nobody's lesson.
    """
    expires_text, _, signature = token.partition(".")
    try:
        expires = int(expires_text[:12], 16)
        check_prefix(prefix)
    except ValueError:
        return None
    known = [hmac.compare_digest(one.encode(), signature.encode()) for one in _signatures(prefix, expires)]
    if not any(known) or expires <= time.time():
        return None
    return datetime.fromtimestamp(expires, UTC)


def _signatures(prefix: str, expires: int) -> list[str]:
    message, keys = f"{prefix}\n{expires}".encode(), signing.derived(b"lectern media address")
    return [hmac.digest(key, message, "sha256").hex()[:40] for key in keys]

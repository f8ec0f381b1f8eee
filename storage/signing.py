"""Signed, expiring tokens (HMAC) for the app's own media route."""

import hashlib
import hmac
import math
import time
from datetime import UTC, datetime

from flask import current_app

from storage.keys import check_prefix

QUARTER_HOUR = 900


def sign(prefix: str, expires_at: datetime) -> str:
    """Sign a token for the folder `prefix` (`media/<asset id>/`), valid until at least `expires_at`.

    The expiry is rounded up to the next quarter of an hour, so that reloading a page gives the same addresses
    and the browser's cache is used.
    """
    expires = math.ceil(expires_at.timestamp() / QUARTER_HOUR) * QUARTER_HOUR
    return f"{expires:x}.{_signature(current_app.config['SECRET_KEY'], check_prefix(prefix), expires)}"


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
    keys = [current_app.config["SECRET_KEY"], *(current_app.config.get("SECRET_KEY_FALLBACKS") or [])]
    known = [_signature(key, prefix, expires).encode() for key in keys]
    if not any(hmac.compare_digest(one, signature.encode()) for one in known) or expires <= time.time():
        return None
    return datetime.fromtimestamp(expires, UTC)


def _signature(key: str | bytes, prefix: str, expires: int) -> str:
    secret = key.encode() if isinstance(key, str) else key
    own = hmac.digest(secret, b"lectern media address", "sha256")
    return hmac.new(own, f"{prefix}\n{expires}".encode(), hashlib.sha256).hexdigest()[:40]

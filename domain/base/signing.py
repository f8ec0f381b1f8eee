"""Keyed hashes and signed tokens: the one place that knows the secret keys.

Whatever is made is made with LECTERN_SECRET_KEY; what was made with a key that is in
LECTERN_SECRET_KEY_FALLBACKS still counts. Each use begins its message, or names its salt, with words of its
own, so that no hash counts in another's place. None of these words may ever change: cookies, links in mails,
addresses of media and rows of the database hold what was made with them.
"""

import hashlib
import hmac
import secrets

from flask import current_app
from itsdangerous import URLSafeSerializer, URLSafeTimedSerializer


def secret_keys() -> tuple[bytes, ...]:
    """Return the secret keys: the present one, then those of before."""
    config = current_app.config
    known = (config["SECRET_KEY"], *(config.get("SECRET_KEY_FALLBACKS") or ()))
    return tuple(key.encode() if isinstance(key, str) else key for key in known)


def digest(message: str | bytes, length: int = 64) -> str:
    """Hash `message` (HMAC-SHA256) with the present key: `length` hex digits."""
    return _digest(secret_keys()[0], message)[:length]


def digests(message: str | bytes, length: int = 64) -> list[str]:
    """Hash `message` with each key that counts, the present one first."""
    return [_digest(key, message)[:length] for key in secret_keys()]


def verify(message: str | bytes, given: str, length: int = 64) -> bool:
    """Tell in constant time if `given` is the hash of `message` with a key that counts."""
    known = [hmac.compare_digest(one.encode(), given.encode()) for one in digests(message, length)]
    return any(known)


def derived(purpose: bytes) -> list[bytes]:
    """Derive a key of its own for `purpose` from each key that counts, the present one first."""
    return [hmac.digest(key, purpose, "sha256") for key in secret_keys()]


def visitor_digest(message: bytes) -> str:
    """Hash `message` (keyed BLAKE2b, 32 hex digits) with the present key: fast enough for every page view."""
    return hashlib.blake2b(
        message, digest_size=16, key=secret_keys()[0][: hashlib.blake2b.MAX_KEY_SIZE]
    ).hexdigest()


def serializer(salt: str) -> URLSafeTimedSerializer:
    """Build the serializer of dated tokens with `salt`."""
    return URLSafeTimedSerializer(list(reversed(secret_keys())), salt=salt)


def undated_serializer(salt: str) -> URLSafeSerializer:
    """Build the serializer of tokens that never expire."""
    return URLSafeSerializer(list(reversed(secret_keys())), salt=salt)


def new_token() -> str:
    """Make a random token that can't be guessed (256 bits)."""
    return secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """Hash a random token for the database, from which nobody can then take it; it needs no key."""
    return hashlib.sha256(token.encode()).hexdigest()


def _digest(key: bytes, message: str | bytes) -> str:
    return hmac.digest(key, message.encode() if isinstance(message, str) else message, "sha256").hex()

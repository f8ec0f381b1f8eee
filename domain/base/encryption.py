"""Encryption of secrets in the database, so that a copy of it alone doesn't reveal them.

Keys are derived (HKDF) from LECTERN_SECRET_KEY; what an older key has encrypted is readable while that is in
LECTERN_SECRET_KEY_FALLBACKS.
"""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from domain.base import signing


class DecryptionFailed(Exception):  # noqa: N818 - names what it finds
    """The text was encrypted with an unknown key, or for another purpose."""


def encrypt(text: str, purpose: str) -> str:
    """Encrypt `text`; only the same `purpose` (what it is, and whose) decrypts it."""
    return _keys(purpose).encrypt(text.encode()).decode()


def decrypt(text: str, purpose: str) -> str:
    """Decrypt what `encrypt` made with this or an older key. Raises DecryptionFailed."""
    try:
        return _keys(purpose).decrypt(text.encode()).decode()
    except InvalidToken as error:
        raise DecryptionFailed from error


def _keys(purpose: str) -> MultiFernet:
    return MultiFernet([_key(secret, purpose) for secret in signing.secret_keys()])


@lru_cache(maxsize=64)
def _key(secret: bytes, purpose: str) -> Fernet:
    derived = HKDF(SHA256(), 32, salt=None, info=f"lectern {purpose}".encode()).derive(secret)
    return Fernet(base64.urlsafe_b64encode(derived))

"""Signatures of pictures that this shop encoded itself.

An export puts them into file names, and an import then keeps the files as they are: re-encoding at every
round trip would lose a little quality each time.
"""

import hmac
import io
import re
from typing import BinaryIO

from flask import current_app

_NAMED = re.compile(r"\.([0-9a-f]{32})\.(?:webp|jpg)$")


def sign(content: bytes, suffix: str) -> str:
    """Sign a picture encoded as `suffix`, "webp" or "jpg": a keyed hash of 32 hex digits."""
    key = current_app.config["SECRET_KEY"].encode()
    return hmac.new(key, f"picture {suffix} ".encode() + content, "sha256").hexdigest()[:32]


def named_in(filename: str) -> str:
    """Extract the signature from a file name such as `first-steps-1.<seal>.webp`; empty without one."""
    found = _NAMED.search(filename)
    return found[1] if found else ""


def verify(file: BinaryIO, suffix: str, seal: str, most: int) -> tuple[bytes | None, BinaryIO]:
    """Read `file` and verify `seal`; answers its content, or None, and the file rewound.

    Reads `most` + 1 bytes at most, and nothing without a signature.
    """
    if not seal:
        return None, file
    content = file.read(most + 1)
    genuine = hmac.compare_digest(sign(content, suffix), seal)
    return content if genuine else None, io.BytesIO(content)

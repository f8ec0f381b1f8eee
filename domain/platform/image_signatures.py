"""Proof that a picture is one that we wrote ourselves.

An export names its pictures with it, and an import then keeps them as they are: written anew at every way out
and in, a picture would lose a little each time.
"""

import hmac
import io
import re
from typing import BinaryIO

from flask import current_app

_NAMED = re.compile(r"\.([0-9a-f]{32})\.(?:webp|jpg)$")


def of(content: bytes, suffix: str) -> str:
    """The seal of a picture that we wrote as `suffix`, "webp" or "jpg"."""
    key = current_app.config["SECRET_KEY"].encode()
    return hmac.new(key, f"picture {suffix} ".encode() + content, "sha256").hexdigest()[:32]


def named_in(filename: str) -> str:
    """What may be a seal at the end of a file's name: `first-steps-1.<seal>.webp`; empty without one."""
    found = _NAMED.search(filename)
    return found[1] if found else ""


def own(file: BinaryIO, suffix: str, seal: str, most: int) -> tuple[bytes | None, BinaryIO]:
    """The content of `file` if `seal` is its own, else None; and the file to read from its beginning.

    At most `most` bytes and one are read where there is a seal to look at.
    """
    if not seal:
        return None, file
    content = file.read(most + 1)
    genuine = hmac.compare_digest(of(content, suffix), seal)
    return content if genuine else None, io.BytesIO(content)

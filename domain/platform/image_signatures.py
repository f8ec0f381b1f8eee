"""Signatures of pictures that this shop encoded itself.

An export puts them into file names, and an import then keeps the files as they are: re-encoding at every
round trip would lose a little quality each time.
"""

import io
import re
from typing import BinaryIO

from domain.base import signing

LENGTH = 32
_NAMED = re.compile(r"\.([0-9a-f]{32})\.(?:webp|jpg)$")


def sign(content: bytes, suffix: str) -> str:
    """Sign a picture encoded as `suffix`, "webp" or "jpg": a keyed hash of 32 hex digits."""
    return signing.digest(_message(content, suffix), LENGTH)


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
    genuine = signing.verify(_message(content, suffix), seal, LENGTH)
    return content if genuine else None, io.BytesIO(content)


def _message(content: bytes, suffix: str) -> bytes:
    return f"picture {suffix} ".encode() + content

"""Files that come in parts, and go on where they stopped."""

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

CHUNK = 8 * 1024 * 1024
BLOCK = 1024 * 1024
# S3 takes at most ten thousand parts, none but the last below 5 MiB.
MOST_PARTS = 9_000


class WrongOffsetError(ValueError):
    """A chunk that doesn't follow what is there; `received` (bytes) is where to go on."""

    def __init__(self, received: int) -> None:
        super().__init__(f"go on at {received}")
        self.received = received


class DamagedError(ValueError):
    """A chunk that ended early or isn't what its checksum says; nothing of it was kept."""


class BusyError(RuntimeError):
    """Another request is writing to the same file at this moment."""


@dataclass(frozen=True)
class Incoming:
    """A file under way: where it will be (`key`), how large it is, and the bucket's name for the upload."""

    name: str
    key: str
    size: int
    remote_id: str | None = None

    @property
    def part_size(self) -> int:
        """Bytes of each part but the last."""
        return max(CHUNK, -(-self.size // MOST_PARTS // BLOCK) * BLOCK)

    @property
    def parts(self) -> int:
        """Count the parts."""
        return max(1, -(-self.size // self.part_size))


def pour(source: BinaryIO, target: BinaryIO, length: int, sha256: str | None) -> None:
    """Copy `length` bytes block by block; DamagedError when there are fewer, or other ones than `sha256`."""
    digest, left = hashlib.sha256() if sha256 else None, length
    while left:
        block = source.read(min(BLOCK, left))
        if not block:
            raise DamagedError(f"{left} bytes are missing")
        if digest is not None:
            digest.update(block)
        view = memoryview(block)
        while view:
            view = view[target.write(view) :]
        left -= len(block)
    if digest is not None and digest.hexdigest() != sha256:
        raise DamagedError("the checksum is another")


def sha256_of(file: BinaryIO) -> str:
    """The SHA-256 of what is left to read, in hexadecimal."""
    digest = hashlib.sha256()
    while block := file.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()

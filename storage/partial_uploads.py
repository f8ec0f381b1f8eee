"""Resumable uploads in parts."""

import hashlib
from dataclasses import dataclass
from typing import BinaryIO

CHUNK = 8 * 1024 * 1024
BLOCK = 1024 * 1024
# S3 allows at most 10,000 parts, all but the last of at least 5 MiB.
MOST_PARTS = 9_000


class WrongOffsetError(ValueError):
    """A chunk at the wrong offset; `received` (bytes) is the right one."""

    def __init__(self, received: int) -> None:
        super().__init__(f"go on at {received}")
        self.received = received


class ChecksumError(ValueError):
    """A chunk that was cut off or has the wrong checksum; it was discarded."""


class BusyError(RuntimeError):
    """Another request is writing the same file."""


@dataclass(frozen=True)
class PartialUpload:
    """An upload in progress: its future `key`, its size, and the bucket's id of a multipart upload."""

    name: str
    key: str
    size: int
    remote_id: str | None = None

    @property
    def part_size(self) -> int:
        """Return the size in bytes of each part but the last."""
        return max(CHUNK, -(-self.size // MOST_PARTS // BLOCK) * BLOCK)

    @property
    def parts(self) -> int:
        """Count the parts."""
        return max(1, -(-self.size // self.part_size))


def pour(source: BinaryIO, target: BinaryIO, length: int, sha256: str | None) -> None:
    """Copy `length` bytes in blocks; ChecksumError when there are fewer, or `sha256` doesn't match."""
    digest, left = hashlib.sha256() if sha256 else None, length
    while left:
        block = source.read(min(BLOCK, left))
        if not block:
            raise ChecksumError(f"{left} bytes are missing")
        if digest is not None:
            digest.update(block)
        view = memoryview(block)
        while view:
            view = view[target.write(view) :]
        left -= len(block)
    if digest is not None and digest.hexdigest() != sha256:
        raise ChecksumError("the checksum is another")


def sha256_of(file: BinaryIO) -> str:
    """Hash the rest of a file: SHA-256 in hexadecimal."""
    digest = hashlib.sha256()
    while block := file.read(BLOCK):
        digest.update(block)
    return digest.hexdigest()

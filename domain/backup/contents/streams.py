"""Streams with bounded memory: hashing, compression, and paced writing that leaves the disk to the shop."""

import hashlib
import io
import os
import time
import zlib
from pathlib import Path
from typing import Any, BinaryIO

from domain.backup.contents.manifest import ManifestPart
from domain.backup.model import DamagedError

CHUNK = 1024 * 1024
# Prefix of temporary folders in the data folder.
WORK = ".backup-"
# Bytes. The shop's own syncs wait behind everything written here and not yet synced.
SYNC_EVERY = 4 * 1024 * 1024
GZIP = 16 + zlib.MAX_WBITS


def sync_gently(descriptor: int) -> None:
    """Sync a file, then sleep for as long as that took, to leave the disk to the shop."""
    start = time.monotonic()
    os.fdatasync(descriptor)
    time.sleep(time.monotonic() - start)


class PacedFile(io.RawIOBase):
    """A new private file that is synced every few megabytes; counts and hashes its bytes."""

    def __init__(self, path: Path) -> None:
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb", buffering=0)
        self._digest = hashlib.sha256()
        self._bytes = 0
        self._unsynced = 0

    def writable(self) -> bool:
        """Answer True."""
        return True

    def write(self, data: "bytes | memoryview") -> int:  # type: ignore[override]
        """Write all of `data`."""
        view = memoryview(data)
        self._digest.update(view)
        size = len(view)
        while view:
            view = view[self._file.write(view) :]
        self._bytes += size
        self._unsynced += size
        if self._unsynced >= SYNC_EVERY:
            self._sync()
        return size

    def close(self) -> None:
        """Sync and close."""
        if not self.closed:
            with self._file:
                self._sync()
        super().close()

    @property
    def part(self) -> ManifestPart:
        """Read size and hash of what was written so far."""
        return ManifestPart(self._bytes, self._digest.hexdigest())

    def _sync(self) -> None:
        sync_gently(self._file.fileno())
        self._unsynced = 0


class Hashing(io.RawIOBase):
    """A writer that hashes, and passes on to `target` if there is one."""

    def __init__(self, target: Any = None) -> None:
        self._target = target
        self._digest = hashlib.sha256()

    def writable(self) -> bool:
        """Answer True."""
        return True

    def write(self, data: "bytes | memoryview") -> int:  # type: ignore[override]
        """Write all of `data`."""
        self._digest.update(data)
        if self._target is not None:
            self._target.write(data)
        return len(data)

    @property
    def sha256(self) -> str:
        """Read the hash of what was written so far."""
        return self._digest.hexdigest()


class Gzipped(io.RawIOBase):
    """A reader of `source` as gzip, lightly compressed as it is read."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._packer = zlib.compressobj(1, zlib.DEFLATED, GZIP)
        self._left = b""
        self._ended = False

    def readable(self) -> bool:
        """Answer True."""
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        """Fill `buffer`, reading as much of the source as that takes."""
        while not self._left and not self._ended:
            block = self._source.read(CHUNK)
            self._ended = not block
            self._left = self._packer.compress(block) if block else self._packer.flush()
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size


class Gunzipping(io.RawIOBase):
    """A writer that unpacks gzip into `target`; zlib.error for invalid data."""

    def __init__(self, target: io.RawIOBase | BinaryIO) -> None:
        self._target = target
        self._unpacker = zlib.decompressobj(GZIP)

    def writable(self) -> bool:
        """Answer True."""
        return True

    def write(self, data: "bytes | memoryview") -> int:  # type: ignore[override]
        """Unpack `data`, a megabyte at a time."""
        left: bytes | memoryview = data
        while left:
            self._target.write(self._unpacker.decompress(left, CHUNK))
            left = self._unpacker.unconsumed_tail
        return len(data)

    def finish(self, what: str) -> None:
        """Write the rest; DamagedError when the stream is truncated."""
        self._target.write(self._unpacker.flush())
        if not self._unpacker.eof:
            raise DamagedError(f"{what} is damaged: it ends too early.")

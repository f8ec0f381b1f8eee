"""Storage on the local disk."""

import fcntl
import io
import os
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from storage.files import StoredFile, sync, walk
from storage.keys import check_key, check_prefix
from storage.partial_uploads import BusyError, ChecksumError, PartialUpload, WrongOffsetError, pour

CHUNK = 1024 * 1024


class LocalStorage:
    """Files below one folder. Writes are atomic: a file gets its name once it is synced to disk."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self._incoming = self.root / ".incoming"  # no key begins with a dot, see check_key

    def path(self, key: str) -> Path:
        """Build the path of the file, which may not exist."""
        return self.root / check_key(key)

    def put(self, key: str, content: BinaryIO | bytes, content_type: str) -> int:
        """Write a temporary file, fsync, rename, fsync the folder: safe against power failures."""
        target = self.path(key)
        source = io.BytesIO(content) if isinstance(content, bytes) else content
        self._incoming.mkdir(parents=True, exist_ok=True)
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = self._incoming / secrets.token_hex(16)
        try:
            with temporary.open("xb") as file:
                shutil.copyfileobj(source, file, CHUNK)
                file.flush()
                os.fsync(file.fileno())
                size = file.tell()
            os.replace(temporary, target)
        finally:
            temporary.unlink(missing_ok=True)
        sync(target.parent)
        return size

    def open(self, key: str) -> BinaryIO:
        """Open a file for reading."""
        return self.path(key).open("rb")

    def size(self, key: str) -> int:
        """Return the size on disk in bytes."""
        return self.path(key).stat().st_size

    def exists(self, key: str) -> bool:
        """Tell whether there is a file; False for a folder."""
        return self.path(key).is_file()

    def copy(self, source: str, target: str) -> None:
        """Hard-link the file under a second name; copy it where the file system has no hard links."""
        path, temporary = self.path(target), self._incoming / secrets.token_hex(16)
        self._incoming.mkdir(parents=True, exist_ok=True)
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(self.path(source), temporary)
            os.replace(temporary, path)
        except FileNotFoundError:
            raise
        except OSError:
            with self.open(source) as file:
                self.put(target, file, "application/octet-stream")
        finally:
            temporary.unlink(missing_ok=True)
        sync(path.parent)

    def delete(self, key: str) -> None:
        """Remove one file."""
        self.path(key).unlink(missing_ok=True)

    def delete_prefix(self, prefix: str) -> None:
        """Remove a folder and everything in it."""
        folder = self.root / check_prefix(prefix)
        if folder.is_dir():
            shutil.rmtree(folder)

    def files(self, prefix: str = "") -> Iterator[StoredFile]:
        """Walk the folder; uploads in progress are skipped."""
        return walk(self.root / (check_prefix(prefix) if prefix else ""), prefix)

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """Yield the path of the stored file itself."""
        path = self.path(key)
        path.stat()
        yield path

    def url(
        self, key: str, expires_seconds: int, content_type: str, disposition: str, kept_seconds: int = 0
    ) -> str | None:
        """Return None: the app serves the file."""
        return None

    def begin(self, key: str) -> str | None:
        """Return None: nothing to prepare."""
        check_key(key)
        return None

    def received(self, incoming: PartialUpload) -> int:
        """Count the bytes received."""
        try:
            return self._partial(incoming).stat().st_size
        except FileNotFoundError:
            return incoming.size if self._has(incoming) else 0

    def append(
        self, incoming: PartialUpload, offset: int, source: BinaryIO, length: int, sha256: str | None = None
    ) -> int:
        """Append a chunk at `offset`; returns the bytes received. Idempotent.

        Raises WrongOffsetError, ChecksumError, BusyError. Only `complete` syncs to disk.
        """
        if offset + length > incoming.size:
            raise WrongOffsetError(self.received(incoming))
        path = self._partial(incoming)
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(
            path, os.O_RDWR | os.O_CREAT, 0o666
        )  # restricted by the umask: nginx may have to read it
        with os.fdopen(descriptor, "r+b", buffering=0) as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise BusyError from error
            have = file.seek(0, os.SEEK_END)
            if offset + length <= have:
                return have
            if offset != have:
                raise WrongOffsetError(have)
            try:
                pour(source, file, length, sha256)
            except BaseException as error:
                file.truncate(have)
                if isinstance(error, OSError):  # the client has disconnected
                    raise ChecksumError(str(error)) from error
                raise
        return offset + length

    def part_url(self, incoming: PartialUpload, number: int, expires_seconds: int) -> str | None:
        """Return None: chunks are sent to the app."""
        return None

    def complete(self, incoming: PartialUpload) -> None:
        """Sync the file and give it its name. Idempotent.

        Raises WrongOffsetError when a part is missing.
        """
        partial, target = self._partial(incoming), self.path(incoming.key)
        if (have := self.received(incoming)) != incoming.size:
            raise WrongOffsetError(have)
        if not partial.exists() and self._has(incoming):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("ab") as file:  # creates an empty file, which had no chunks
            os.fsync(file.fileno())
        os.replace(partial, target)
        sync(target.parent)

    def abandon(self, incoming: PartialUpload) -> None:
        """Remove what was received."""
        self._partial(incoming).unlink(missing_ok=True)

    def sweep(self, older_than_seconds: float) -> None:
        """Remove uploads that have been idle for this long."""
        latest = time.time() - older_than_seconds
        for path in self._incoming.rglob("*"):
            if path.is_file() and path.stat().st_mtime < latest:
                path.unlink(missing_ok=True)

    def _partial(self, incoming: PartialUpload) -> Path:
        return self._incoming / check_key(f"uploads/{incoming.name}")

    def _has(self, incoming: PartialUpload) -> bool:
        path = self.path(incoming.key)
        return path.is_file() and path.stat().st_size == incoming.size

"""Storage on this machine's disk."""

import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from storage.keys import check_key, check_prefix

CHUNK = 1024 * 1024


class LocalStorage:
    """Files below one folder. A half-written file is never seen: it gets its name when it is on the disk."""

    def __init__(self, root: Path | str) -> None:
        self.root = Path(root)
        self._incoming = self.root / ".incoming"  # check_key lets no key begin with a dot

    def path(self, key: str) -> Path:
        """Where the file is, or would be."""
        return self.root / check_key(key)

    def put(self, key: str, content: BinaryIO | bytes, content_type: str) -> int:
        """Write beside, sync, rename, sync the folder: survives a power cut at any point."""
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
        _sync_folder(target.parent)
        return size

    def open(self, key: str) -> BinaryIO:
        """A file open for reading."""
        return self.path(key).open("rb")

    def size(self, key: str) -> int:
        """Bytes on disk."""
        return self.path(key).stat().st_size

    def exists(self, key: str) -> bool:
        """True for a file, not for a folder."""
        return self.path(key).is_file()

    def delete(self, key: str) -> None:
        """Remove one file."""
        self.path(key).unlink(missing_ok=True)

    def delete_prefix(self, prefix: str) -> None:
        """Remove a folder and all in it."""
        folder = self.root / check_prefix(prefix)
        if folder.is_dir():
            shutil.rmtree(folder)

    @contextmanager
    def local_copy(self, key: str) -> Iterator[Path]:
        """The stored file itself."""
        path = self.path(key)
        path.stat()
        yield path

    def url(self, key: str, expires_seconds: int, content_type: str, disposition: str) -> str | None:
        """None: our own route serves it."""
        return None


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

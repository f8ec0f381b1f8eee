"""Stored files as listings yield them: key, size, stamp."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.keys import is_key


@dataclass(frozen=True)
class StoredFile:
    """A stored file: key, size in bytes, and a stamp that changes whenever its content does.

    The stamp is the modification time on disk (nanoseconds), the ETag in a bucket.
    """

    key: str
    size: int
    stamp: str


def walk(folder: Path, prefix: str = "") -> Iterator[StoredFile]:
    """Yield the files below `folder` in the order of their keys, as a bucket lists them.

    Names that aren't valid keys are skipped, and so are files deleted meanwhile. Folders may be symbolic
    links.
    """
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name + "/" * entry.is_dir())
    except FileNotFoundError:
        return
    for entry in entries:
        if not is_key(prefix + entry.name):
            continue
        if entry.is_dir():
            yield from walk(Path(entry.path), f"{prefix}{entry.name}/")
        elif entry.is_file():
            try:
                facts = entry.stat()
            except FileNotFoundError:
                continue
            yield StoredFile(prefix + entry.name, facts.st_size, str(facts.st_mtime_ns))


def sync(path: Path) -> None:
    """Flush a file, or the names in a folder, to disk (fsync)."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

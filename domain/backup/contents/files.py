"""The file list of a backup: gzipped JSON lines sorted by key, read and written as streams."""

import gzip
import heapq
import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

from domain.backup.model import DamagedError
from storage import StoredFile, check_key

SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True)
class BackupFile(StoredFile):
    """A stored file with the SHA-256 of its content; "" where the bytes stay in a bucket."""

    sha256: str = ""


def write(entries: Iterable[BackupFile], path: Path) -> tuple[int, int]:
    """Write the list to `path` as gzip; answers the number of files and their bytes."""
    count = size = 0
    with gzip.open(path, "wb", compresslevel=1) as packed:
        for entry in entries:
            packed.write(json.dumps(astuple(entry)).encode() + b"\n")
            count += 1
            size += entry.size
    return count, size


def read(path: Path, what: str) -> Iterator[BackupFile]:
    """Read the list at `path`; DamagedError for anything malformed.

    Keys are checked as storage checks them, against path traversal.
    """
    try:
        with gzip.open(path) as unpacked:
            for line in unpacked:
                yield _entry(json.loads(line))
    except (ValueError, TypeError, OSError, EOFError, zlib.error, RecursionError) as error:
        raise DamagedError(f"{what} is damaged: its list of files can’t be read.") from error


def paired(
    present: Iterable[StoredFile], known: Iterable[BackupFile]
) -> Iterator[tuple[StoredFile | None, BackupFile | None]]:
    """Merge two lists sorted by key into pairs; None where one lacks the key."""
    merged = heapq.merge(present, known, key=attrgetter("key"))
    for _key, group in groupby(merged, attrgetter("key")):
        same = list(group)
        yield (
            next((file for file in same if not isinstance(file, BackupFile)), None),
            next((file for file in same if isinstance(file, BackupFile)), None),
        )


def _entry(values: Any) -> BackupFile:
    key, size, stamp, sha256 = values
    if not isinstance(size, int) or size < 0 or not isinstance(stamp, str):
        raise ValueError("not a file")
    if sha256 and not SHA256.fullmatch(sha256):
        raise ValueError("not a SHA-256")
    return BackupFile(check_key(key), size, stamp, sha256)

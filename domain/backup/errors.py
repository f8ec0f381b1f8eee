"""Errors of disk, database and bucket, translated to BackupError."""

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from domain.backup.model import BackupError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Translate errors of disk, database and bucket to a BackupError; `doing` says what failed."""
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise BackupError(f"{doing} failed: there is no room left on the disk.") from error
        about = f"{error.strerror or error}".lower()
        raise BackupError(
            f"{doing} failed: {about}{f' ({error.filename})' if error.filename else ''}."
        ) from error
    except sqlite3.Error as error:
        room = "full" in str(error)
        raise BackupError(
            f"{doing} failed: {'there is no room left on the disk' if room else error}."
        ) from error
    except Exception as error:
        if type(error).__module__.split(".")[0] not in ("psycopg", "botocore", "boto3", "s3transfer"):
            raise
        said = str(error).strip().splitlines() or [type(error).__name__]
        raise BackupError(f"{doing} failed: {said[0].rstrip('.')}.") from error

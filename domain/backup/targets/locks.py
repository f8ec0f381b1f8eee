"""Locks of the target, by flock: shared for making backups, exclusive for removing and restoring."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app

from config import Settings
from domain.backup.model import BackupError


@contextmanager
def reading() -> Iterator[None]:
    """Take the shared lock; BackupError while backups are being removed or restored."""
    with _locked(
        fcntl.LOCK_SH, "Backups are being removed or restored right now. Try again when that’s done."
    ):
        yield


@contextmanager
def removing() -> Iterator[None]:
    """Take the exclusive lock; BackupError while a backup is made, verified, removed or restored."""
    with _locked(fcntl.LOCK_EX, "A backup is being made, verified or restored right now. Try again later."):
        yield


@contextmanager
def _locked(kind: int, sentence: str) -> Iterator[None]:
    settings: Settings = current_app.config["SETTINGS"]
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(settings.data_dir / "backup.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BackupError(sentence) from error
        yield
    finally:
        os.close(descriptor)

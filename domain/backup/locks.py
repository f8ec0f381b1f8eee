"""Backups are made side by side; removing and restoring has the target for itself."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from flask import current_app

from config import Settings
from domain.backup.model import BackupError


@contextmanager
def reading() -> Iterator[None]:
    """Keep others from removing and restoring meanwhile; BackupError when somebody is at it."""
    with _locked(
        fcntl.LOCK_SH, "Backups are being removed or restored at this moment; try again when that is done."
    ):
        yield


@contextmanager
def removing() -> Iterator[None]:
    """Keep others out altogether; BackupError when a backup is being made, verified, removed or restored."""
    with _locked(
        fcntl.LOCK_EX, "A backup is being made, verified or restored at this moment; try again later."
    ):
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

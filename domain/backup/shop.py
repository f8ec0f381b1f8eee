"""The shop to back up: its database, files, key, and backup target."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import current_app

import storage
from config import Settings
from domain.backup import encryption, targets
from domain.backup.database import Database, database_url
from domain.backup.encryption import Key
from domain.backup.postgres import PostgresDatabase
from domain.backup.sqlite import SqliteDatabase
from domain.backup.streams import WORK
from domain.backup.targets import Target


@dataclass(frozen=True)
class Shop:
    """The settings, database, storage, backup target and encryption key to work on."""

    settings: Settings
    database: Database
    store: storage.Storage
    target: Target
    key: Key | None

    @contextmanager
    def work(self) -> Iterator[Path]:
        """Make a temporary private folder in the data folder, for large or confidential files."""
        self.settings.data_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=WORK, dir=self.settings.data_dir) as folder:
            yield Path(folder)


def current() -> Shop:
    """Build the shop of the running application; BackupError when its backup settings are invalid."""
    settings: Settings = current_app.config["SETTINGS"]
    url = database_url()
    database: Database
    if url.get_backend_name() == "sqlite":
        database = SqliteDatabase(Path(url.database or ""))
    else:
        database = PostgresDatabase(url)
    key = encryption.load(settings.backup_key_file)
    return Shop(settings, database, storage.current(), targets.target(settings), key)

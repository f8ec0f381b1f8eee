"""The shop to back up: its database, files, key, and backup target."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flask import current_app

import storage
from config import Settings
from domain.backup.contents import encryption
from domain.backup.contents.encryption import Key
from domain.backup.contents.streams import WORK
from domain.backup.databases.database import Database, database_url
from domain.backup.databases.postgres import PostgresDatabase
from domain.backup.databases.sqlite import SqliteDatabase
from domain.backup.targets import configured_target
from domain.backup.targets.configured_target import Target


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
    return Shop(settings, database, storage.current(), configured_target.target(settings), key)

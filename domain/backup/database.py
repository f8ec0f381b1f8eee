"""The shop's database as backups see it, SQLite or PostgreSQL."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self

from flask import current_app
from sqlalchemy import URL, make_url

from domain.backup.encryption import Key
from domain.backup.model import Progress
from models import db


@dataclass
class Dump:
    """What a database gives to store: a stream to read, and what was in it at the same moment."""

    reader: Any
    rows: dict[str, int]
    revision: str


class Database(Protocol):
    """What both can do."""

    kind: str
    dump_name: str
    url: str

    @property
    def server(self) -> str:
        """Name the program and its version."""

    def dumping(self, work: Path, progress: Progress) -> AbstractContextManager[Dump]:
        """Give the state of one moment to read, using the folder `work` for what must stand somewhere."""

    def load(self, dump: Path, key: Key | None, what: str) -> None:
        """Fill this empty database from a dump; BackupError when that can’t be done."""

    def rows(self) -> dict[str, int]:
        """Count the rows of every table."""

    def revision(self) -> str:
        """Answer the migration that the schema is at; nothing when it has none."""

    def problems(self) -> list[str]:
        """Check what the database itself can check."""

    def is_empty(self) -> bool:
        """Tell whether it holds no table."""

    def last_beat(self) -> datetime | None:
        """Answer when a worker last gave a sign of life."""

    def alone(self) -> AbstractContextManager[None]:
        """Refuse with a BackupError when others are connected, and keep them out as far as possible."""

    def beside(self, stamp: str) -> AbstractContextManager[Self]:
        """Give an empty database that can take this one’s place; it is gone afterwards unless it did."""

    def replace(self, new: Self, stamp: str) -> str:
        """Put `new` in this one’s place, and answer where the old one is left; nothing where none was."""

    def sweep(self) -> None:
        """Remove what was left by verifications and restores that were killed."""

    def scratch(self, folder: Path) -> AbstractContextManager[Self]:
        """Give an empty database of the same kind that is gone afterwards; `folder` is for its use."""


def database_url() -> URL:
    """Answer where the database is reached directly, past any pooler."""
    direct = getattr(current_app.config["SETTINGS"], "database_direct_url", "")
    # a relative path of SQLite means what it means to the engine
    return make_url(direct) if direct and not db.engine.url.drivername.startswith("sqlite") else db.engine.url

"""The interface of databases to back up (SQLite and PostgreSQL)."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, Self

from flask import current_app
from sqlalchemy import URL, make_url

from domain.backup.contents.encryption import Key
from domain.backup.model import Progress
from models import db


@dataclass
class Dump:
    """A dump: a stream to store, with row counts and schema revision of the same moment."""

    reader: Any
    rows: dict[str, int]
    revision: str


class Database(Protocol):
    """The interface of both databases."""

    kind: str
    dump_name: str
    url: str

    @property
    def server(self) -> str:
        """Name the database program and its version."""

    def dumping(self, work: Path, progress: Progress) -> AbstractContextManager[Dump]:
        """Provide a consistent dump of one moment; `work` is a folder for temporary files."""

    def load(self, dump: Path, key: Key | None, what: str) -> None:
        """Restore a dump into this empty database; BackupError when that can’t be done."""

    def rows(self) -> dict[str, int]:
        """Count the rows of every table."""

    def revision(self) -> str:
        """Read the schema's Alembic revision; "" when it has none."""

    def problems(self) -> list[str]:
        """Run the integrity checks of the database itself."""

    def is_empty(self) -> bool:
        """Tell whether it holds no table."""

    def last_beat(self) -> datetime | None:
        """Read the last heartbeat of a worker."""

    def alone(self) -> AbstractContextManager[None]:
        """Refuse with a BackupError while others are connected, and keep new ones out if possible."""

    def beside(self, stamp: str) -> AbstractContextManager[Self]:
        """Provide an empty database to restore into, dropped afterwards unless `replace` used it."""

    def replace(self, new: Self, stamp: str) -> str:
        """Swap `new` into this one’s place; answers where the old one is kept, "" where none was."""

    def sweep(self) -> None:
        """Remove what killed verifications and restores have left."""

    def scratch(self, folder: Path) -> AbstractContextManager[Self]:
        """Provide a temporary empty database of the same kind; `folder` is for its files."""


def database_url() -> URL:
    """Read the URL that reaches the database directly, past any connection pooler."""
    direct = getattr(current_app.config["SETTINGS"], "database_direct_url", "")
    # the engine has resolved a relative path of SQLite
    return make_url(direct) if direct and not db.engine.url.drivername.startswith("sqlite") else db.engine.url

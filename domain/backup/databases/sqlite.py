"""Backups of SQLite: an online copy, loading, row counts and integrity checks."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from domain.backup.contents.encryption import Key, unseal
from domain.backup.contents.streams import SYNC_EVERY, Gunzipping, Gzipped, PacedFile, sync_gently
from domain.backup.databases.database import Dump
from domain.backup.databases.snapshots import connect, snapshot
from domain.backup.model import BackupError, Progress, quiet

IN_USE = "The shop is running: {} is in use. Stop the web processes and the worker, then try again."
MEGABYTE = 1024 * 1024


class SqliteDatabase:
    """The SQLite database at `path`."""

    kind = "sqlite"
    dump_name = "database.gz"
    server = f"SQLite {sqlite3.sqlite_version}"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    @contextmanager
    def dumping(self, work: Path, progress: Progress) -> Iterator[Dump]:
        """Copy the database into `work` and stream the copy; deleted afterwards."""
        copied = SqliteDatabase(work / "copy.db")
        try:
            copy(self.path, copied.path, progress)
            with copied.path.open("rb") as file:
                yield Dump(Gzipped(file), copied.rows(), copied.revision())
        finally:
            copied.path.unlink(missing_ok=True)

    def load(self, dump: Path, key: Key | None, what: str) -> None:
        """Unpack `dump` to the path, where no file may be yet."""
        with dump.open("rb") as source, PacedFile(self.path) as file:
            unpacked = Gunzipping(file)
            unseal(source, unpacked, key, what)
            unpacked.finish(what)

    def rows(self) -> dict[str, int]:
        """Count the rows of every table."""
        with closing(connect(self.path)) as connection:
            return {
                table: _one(connection, f'SELECT count(*) FROM "{table}"') for table in tables(connection)
            }

    def revision(self) -> str:
        """Read the schema's Alembic revision; "" when it has none."""
        with closing(connect(self.path)) as connection:
            if "alembic_version" not in tables(connection):
                return ""
            return str(_one(connection, "SELECT version_num FROM alembic_version"))

    def problems(self) -> list[str]:
        """Check all pages, indexes and foreign keys; lists the first twenty problems of each."""
        with closing(connect(self.path)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
            wrong = [f"The database is damaged: {line}" for line in found if line != "ok"]
            orphans = connection.execute("PRAGMA foreign_key_check").fetchmany(20)
            return wrong + [
                f"A row of {row[0]} refers to a row of {row[2]} that is missing." for row in orphans
            ]

    def is_empty(self) -> bool:
        """Tell whether it holds no table; an unreadable one isn’t empty."""
        if not self.path.exists():
            return True
        try:
            with closing(connect(self.path)) as connection:
                return not tables(connection)
        except sqlite3.DatabaseError:
            return False

    def last_beat(self) -> datetime | None:
        """Read the last heartbeat of a worker; None if it can't be read."""
        with suppress(sqlite3.DatabaseError, BackupError), closing(connect(self.path)) as connection:
            at = _one(connection, "SELECT max(at) FROM worker_beats")
            return datetime.fromisoformat(at).replace(tzinfo=UTC) if at else None
        return None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Take an exclusive lock; BackupError when another process has the database open.

        Leaving WAL mode needs exclusive access, and checkpoints all of the log. A database too damaged for
        that can't be in use.
        """
        if not self.path.exists():
            yield
            return
        with closing(sqlite3.connect(self.path, isolation_level=None, timeout=1)) as connection:
            try:
                connection.execute("PRAGMA journal_mode=DELETE").fetchone()
                connection.execute("BEGIN EXCLUSIVE")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error):
                    raise
                raise BackupError(IN_USE.format(self.path)) from error
            except sqlite3.DatabaseError:
                pass
            yield

    @contextmanager
    def beside(self, stamp: str) -> Iterator["SqliteDatabase"]:
        """Provide a new database to restore into, on the same disk."""
        made = SqliteDatabase(self._named("restoring", stamp))
        try:
            yield made
        finally:
            made.path.unlink(missing_ok=True)

    def replace(self, new: "SqliteDatabase", stamp: str) -> str:
        """Rename `new` to this one’s path (atomic); answers where the old one is kept."""
        before = self._named("before", stamp)
        if not self.path.exists():
            os.rename(new.path, self.path)
            return ""
        shutil.copymode(self.path, new.path)
        try:
            os.link(self.path, before)
        except OSError:  # a file system without links
            os.rename(self.path, before)
        for suffix in ("-wal", "-shm", "-journal"):  # only a damaged database still has them
            with suppress(FileNotFoundError):
                os.rename(f"{self.path}{suffix}", f"{before}{suffix}")
        os.replace(new.path, self.path)
        return str(before)

    def sweep(self) -> None:
        """Delete what a killed restore has left."""
        for left in self.path.parent.glob(f"{self.path.name}.restoring-*"):
            left.unlink()

    def _named(self, word: str, stamp: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{word}-{stamp}")

    @contextmanager
    def scratch(self, folder: Path) -> Iterator["SqliteDatabase"]:
        """Provide a temporary database in `folder`."""
        yield SqliteDatabase(folder / "scratch.db")


def copy(source: Path, target: Path, progress: Progress = quiet) -> None:
    """Copy the state of one moment while others go on writing.

    SQLite's backup API restarts on each write by others unless it runs within a read transaction. The copy is
    synced at a pace, since a writer's own sync waits for ours.
    """
    os.close(os.open(target, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    with snapshot(source) as live, closing(connect(target)) as copied, target.open("rb") as file:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-16384"):
            copied.execute(f"PRAGMA {pragma}")
        page = int(_one(live, "PRAGMA page_size"))

        def step(_status: int, left: int, total: int) -> None:
            sync_gently(file.fileno())
            progress("Database", *(-(-pages * page // MEGABYTE) for pages in (total - left, total)))

        live.backup(copied, pages=SYNC_EVERY // page, progress=step)
    with closing(connect(target)) as copied:
        copied.execute("PRAGMA journal_mode=DELETE")


def tables(connection: sqlite3.Connection) -> list[str]:
    """List the tables with rows of their own; virtual ones have none."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    )
    return [row[0] for row in connection.execute(query)]


def _one(connection: sqlite3.Connection, query: str) -> Any:
    row = connection.execute(query).fetchone()
    return row[0] if row else 0

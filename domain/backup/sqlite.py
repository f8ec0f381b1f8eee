"""A SQLite database: copied while the shop writes to it, loaded, counted and checked."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from domain.backup.database import Dump
from domain.backup.encryption import Key, unseal
from domain.backup.model import BackupError, Progress, quiet
from domain.backup.streams import SYNC_EVERY, Gunzipping, Gzipped, PacedFile

MEGABYTE = 1024 * 1024


class SqliteDatabase:
    """The database file at `path`."""

    kind = "sqlite"
    dump_name = "database.gz"
    server = f"SQLite {sqlite3.sqlite_version}"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.url = f"sqlite:///{path}"

    @contextmanager
    def dumping(self, work: Path, progress: Progress) -> Iterator[Dump]:
        """Copy the database into `work` and give the copy to read; it is removed afterwards."""
        copied = SqliteDatabase(work / "copy.db")
        try:
            copy(self.path, copied.path, progress)
            with copied.path.open("rb") as file:
                yield Dump(Gzipped(file), copied.rows(), copied.revision())
        finally:
            copied.path.unlink(missing_ok=True)

    def load(self, dump: Path, key: Key | None, what: str) -> None:
        """Write the database that `dump` holds to the path, where nothing may be yet."""
        with dump.open("rb") as source, PacedFile(self.path) as file:
            unpacked = Gunzipping(file)
            unseal(source, unpacked, key, what)
            unpacked.finish(what)

    def rows(self) -> dict[str, int]:
        """Count the rows of every table."""
        with closing(_connect(self.path)) as connection:
            return {
                table: _one(connection, f'SELECT count(*) FROM "{table}"') for table in tables(connection)
            }

    def revision(self) -> str:
        """Answer the migration that the schema is at; nothing when it has none."""
        with closing(_connect(self.path)) as connection:
            if "alembic_version" not in tables(connection):
                return ""
            return str(_one(connection, "SELECT version_num FROM alembic_version"))

    def problems(self) -> list[str]:
        """Look through all pages, indexes and references; the first twenty of each that are wrong."""
        with closing(_connect(self.path)) as connection:
            found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(20)")]
            wrong = [f"The database is damaged: {line}" for line in found if line != "ok"]
            orphans = connection.execute("PRAGMA foreign_key_check").fetchmany(20)
            return wrong + [
                f"A row of {row[0]} refers to a row of {row[2]} that is missing." for row in orphans
            ]

    @contextmanager
    def scratch(self, folder: Path) -> Iterator["SqliteDatabase"]:
        """Give a database of the same kind that is gone afterwards; `folder` is one of its own."""
        yield SqliteDatabase(folder / "scratch.db")


def copy(source: Path, target: Path, progress: Progress = quiet) -> None:
    """Copy the state of one moment while others go on writing.

    A backup whose source is written by another connection begins anew; one within a read transaction that was
    begun before sees a snapshot and ends. It is synced at a pace, since a writer's own sync waits for ours.
    """
    with closing(_connect(source)) as live, closing(sqlite3.connect(target, isolation_level=None)) as copied:
        descriptor = os.open(target, os.O_RDWR)
        os.fchmod(descriptor, 0o600)
        try:
            for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-16384"):
                copied.execute(f"PRAGMA {pragma}")
            live.execute("BEGIN")
            page = _one(live, "PRAGMA page_size")
            tables(live)  # the first read begins the snapshot
            every = SYNC_EVERY // page

            def step(_status: int, left: int, total: int) -> None:
                os.fdatasync(descriptor)
                progress("Database", (total - left) * page // MEGABYTE, total * page // MEGABYTE or 1)

            live.backup(copied, pages=every, progress=step)
        finally:
            os.close(descriptor)
    with closing(_connect(target)) as copied:
        copied.execute("PRAGMA journal_mode=DELETE")


def tables(connection: sqlite3.Connection) -> list[str]:
    """List the tables that hold rows of their own, which virtual ones don’t."""
    query = (
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' ESCAPE '!'"
        " AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name"
    )
    return [row[0] for row in connection.execute(query)]


def _connect(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise BackupError(f"There is no database at {path}.")
    uri = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30, check_same_thread=False)


def _one(connection: sqlite3.Connection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return row[0] if row else 0

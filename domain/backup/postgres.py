"""A PostgreSQL database: dumped by pg_dump, loaded by pg_restore, counted in the very snapshot of the dump."""

import importlib
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from domain.backup.database import Dump
from domain.backup.encryption import Key, unseal
from domain.backup.model import BackupError, Progress

# What libpq reads from the environment, so that no password is seen in the list of processes.
VARIABLES = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "options": "PGOPTIONS",
    "application_name": "PGAPPNAME",
    "connect_timeout": "PGCONNECT_TIMEOUT",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "sslcrl": "PGSSLCRL",
    "channel_binding": "PGCHANNELBINDING",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
    "passfile": "PGPASSFILE",
    "service": "PGSERVICE",
}
TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1"""


class PostgresDatabase:
    """The database that `url` names, reached directly."""

    kind = "postgresql"
    dump_name = "database.dump"

    def __init__(self, url: URL) -> None:
        self._url = url
        self.url = url.render_as_string(hide_password=False)
        self.name = url.database or url.username or ""

    @property
    def server(self) -> str:
        """Name the server’s version."""
        with self._connected() as connection:
            return f"PostgreSQL {connection.info.server_version // 10000}"

    @contextmanager
    def dumping(self, work: Path, progress: Progress) -> Iterator[Dump]:
        """Have pg_dump write a snapshot whose rows are counted in the same snapshot."""
        with self._connected() as connection:
            program = self._program("pg_dump", connection.info.server_version // 10000)
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            snapshot = connection.execute("SELECT pg_export_snapshot()").fetchone()[0]
            rows, revision = _rows(connection), _revision(connection)
            command = [program, "-Fc", "-Z1", "--no-owner", "--no-acl", f"--snapshot={snapshot}"]
            progress("Database", 0, 1)
            with self._running(command, stdout=subprocess.PIPE) as process:
                yield Dump(process.stdout, rows, revision)
            progress("Database", 1, 1)

    def load(self, dump: Path, key: Key | None, what: str) -> None:
        """Let pg_restore fill this empty database, all or nothing."""
        with self._connected() as connection:
            program = self._program("pg_restore", connection.info.server_version // 10000)
        command = [
            program,
            "--no-owner",
            "--no-acl",
            "--exit-on-error",
            "--single-transaction",
            "-d",
            self.name,
        ]
        with dump.open("rb") as source, self._running(command, stdin=subprocess.PIPE) as process:
            try:
                unseal(source, process.stdin, key, what)
            except BrokenPipeError:
                pass  # it ended, and says why
            finally:
                with suppress(BrokenPipeError):
                    process.stdin.close()

    def rows(self) -> dict[str, int]:
        """Count the rows of every table, in one snapshot."""
        with self._connected() as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return _rows(connection)

    def revision(self) -> str:
        """Answer the migration that the schema is at; nothing when it has none."""
        with self._connected() as connection:
            return _revision(connection)

    def problems(self) -> list[str]:
        """Nothing more: keys and checks were proved when pg_restore made them."""
        return []

    @contextmanager
    def scratch(self, folder: Path) -> Iterator["PostgresDatabase"]:
        """Make an empty database on the same server, and drop it whatever happens."""
        made = self.sibling(f"lectern_verify_{secrets.token_hex(6)}")
        self.create(made.name)
        try:
            yield made
        finally:
            self.drop(made.name)

    def sibling(self, name: str) -> "PostgresDatabase":
        """Answer another database of the same server."""
        return PostgresDatabase(self._url.set(database=name))

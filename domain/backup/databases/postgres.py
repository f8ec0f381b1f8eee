"""Backups of PostgreSQL: pg_dump, pg_restore, and row counts in the snapshot of the dump."""

import importlib
import os
import re
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL

from domain.backup.contents.encryption import Key, unseal
from domain.backup.databases.database import Dump
from domain.backup.model import BackupError, DamagedError, Progress

# Variables of libpq: on the command line a password would be visible in the list of processes.
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
SCRATCH = "lectern_verify_"
RESTORING = "_restoring_"
TABLES = """
SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\\_%' ORDER BY 1"""


ENCODING = """
SELECT pg_encoding_to_char(encoding), datcollate, datctype FROM pg_database
WHERE datname = current_database()"""


OTHERS = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'"""


class PostgresDatabase:
    """The PostgreSQL database at `url`, connected to directly."""

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
        """Run pg_dump with an exported snapshot, in which the rows are counted too."""
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
        """Run pg_restore into this empty database, in a single transaction."""
        with self._connected() as connection:
            program = self._program("pg_restore", connection.info.server_version // 10000)
        command = [program, "--no-owner", "--no-acl", "--exit-on-error", "--single-transaction"]
        command += ["-d", self.name]
        with (
            dump.open("rb") as source,
            self._running(command, DamagedError, stdin=subprocess.PIPE) as process,
        ):
            assert process.stdin is not None
            with suppress(BrokenPipeError), process.stdin as taken:  # one that ended early says why
                unseal(source, taken, key, what)

    def rows(self) -> dict[str, int]:
        """Count the rows of every table, in one snapshot."""
        with self._connected() as connection:
            connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            return _rows(connection)

    def revision(self) -> str:
        """Read the schema's Alembic revision; "" when it has none."""
        with self._connected() as connection:
            return _revision(connection)

    def problems(self) -> list[str]:
        """Answer no problems: pg_restore has checked keys and constraints."""
        return []

    @contextmanager
    def scratch(self, folder: Path) -> Iterator["PostgresDatabase"]:
        """Create a temporary database on the same server, and drop it whatever happens."""
        made = self.sibling(f"{SCRATCH}{self.name[:30]}_{secrets.token_hex(6)}")
        self.create(made.name)
        try:
            yield made
        finally:
            self.drop(made.name)

    def sweep(self) -> None:
        """Drop the databases that killed verifications and restores have left."""
        beginnings = (f"{SCRATCH}{self.name[:30]}_", f"{self.name[:40]}{RESTORING}")
        with self._connected() as connection:
            names = [row[0] for row in connection.execute("SELECT datname FROM pg_database").fetchall()]
        for name in names:
            if name.startswith(beginnings):
                self.drop(name)

    def sibling(self, name: str) -> "PostgresDatabase":
        """Address another database of the same server."""
        return PostgresDatabase(self._url.set(database=name))

    def create(self, name: str) -> None:
        """Create an empty database `name` with this one's encoding and collation; BackupError."""
        sql = importlib.import_module("psycopg.sql")
        with self._connected() as connection:
            facts = connection.execute(ENCODING).fetchone()
            statement = sql.SQL("CREATE DATABASE {} TEMPLATE template0 ENCODING {} LC_COLLATE {} LC_CTYPE {}")
            try:
                connection.execute(statement.format(sql.Identifier(name), *map(sql.Literal, facts)))
            except _errors().InsufficientPrivilege as error:
                role = connection.info.user
                raise BackupError(
                    f"The role {role} may not make databases, so nothing can be restored beside this one:"
                    f' let it with ALTER ROLE "{role}" CREATEDB.'
                ) from error

    def is_empty(self) -> bool:
        """Tell whether it holds no table."""
        with self._connected() as connection:
            return connection.execute(TABLES).fetchone() is None

    def last_beat(self) -> datetime | None:
        """Read the last heartbeat of a worker."""
        with self._connected() as connection:
            if connection.execute("SELECT to_regclass('worker_beats')").fetchone()[0] is None:
                return None
            return connection.execute("SELECT max(at) FROM worker_beats").fetchone()[0]

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Refuse while others are connected; later connections make `replace` fail."""
        with self._connected() as connection:
            others = connection.execute(OTHERS).fetchone()[0]
        if others:
            raise BackupError(
                f"The shop is running: {others} other connections to {self.name} are open. Stop the web"
                " processes, the worker and what pools connections for them, then try again."
            )
        yield

    @contextmanager
    def beside(self, stamp: str) -> Iterator["PostgresDatabase"]:
        """Provide an empty database to restore into: this one if it is empty, otherwise a new one."""
        if self.is_empty():
            yield self
            return
        made = self.sibling(f"{self.name[:40]}{RESTORING}{stamp.lower()}")
        self.create(made.name)
        try:
            yield made
        except BaseException:
            self.drop(made.name)
            raise

    def replace(self, new: "PostgresDatabase", stamp: str) -> str:
        """Rename `new` to this database’s name; answers where the old one is kept, "" if it was empty."""
        if new.name == self.name:
            return ""
        before = f"{self.name[:40]}_before_{stamp.lower()}"
        sql = importlib.import_module("psycopg.sql")
        rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
        with self._elsewhere() as connection, connection.transaction():
            for old_name, new_name in ((self.name, before), (new.name, self.name)):
                connection.execute(rename.format(sql.Identifier(old_name), sql.Identifier(new_name)))
        return f"the database {before}"

    def _elsewhere(self) -> Any:
        """Connect to another database of the server, since none can be renamed from within."""
        for name in ("postgres", "template1"):
            if name != self.name:
                with suppress(importlib.import_module("psycopg").OperationalError):
                    return self.sibling(name)._connected()
        raise BackupError(
            f"The database {self.name} can’t be renamed: its role may connect neither to postgres nor to"
            " template1. Make an empty database, set DATABASE_URL to it, and restore there."
        )

    def drop(self, name: str) -> None:
        """Drop the database `name`, closing connections to it."""
        sql = importlib.import_module("psycopg.sql")
        with self._connected() as connection:
            statement = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
            connection.execute(statement.format(sql.Identifier(name)))

    def _connected(self) -> Any:
        """Open a connection of its own without timeouts."""
        url = self._url.set(drivername="postgresql").render_as_string(hide_password=False)
        connection = importlib.import_module("psycopg").connect(url, autocommit=True)
        connection.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
        return connection

    def _program(self, name: str, server: int) -> str:
        """Find a client program that is no older than the server; BackupError otherwise."""
        path = shutil.which(name)
        if path is None:
            raise BackupError(
                f"{name} isn’t installed on this machine: the server is PostgreSQL {server},"
                f" install its client programs (postgresql-client-{server} on Debian)."
            )
        said = subprocess.run([path, "--version"], capture_output=True, text=True, check=False).stdout
        found = re.search(r"(\d+)", said)
        if found is None or int(found[1]) < server:
            raise BackupError(
                f"{name} is version {found[1] if found else 'unknown'}, the server is PostgreSQL {server}:"
                f" install postgresql-client-{server} or newer."
            )
        return path

    @contextmanager
    def _running(
        self, command: list[str], fault: type[BackupError] = BackupError, **streams: int
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Run a client program; raises `fault` with the first line of its error output."""
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                command,
                env=self._environment(),
                stdin=streams.get("stdin", subprocess.DEVNULL),
                stdout=streams.get("stdout", subprocess.DEVNULL),
                stderr=said,
            )
            try:
                yield process
            except BaseException:
                process.kill()
                raise
            finally:
                code = process.wait()
            if code:
                said.seek(0)
                words = said.read(10_000).decode(errors="replace").strip().splitlines() or [
                    f"it ended with {code}"
                ]
                raise fault(f"{Path(command[0]).name} failed: {words[0]}")

    def _environment(self) -> dict[str, str]:
        """Build the environment for libpq to connect to this database."""
        known = self._url.set(drivername="postgresql").translate_connect_args(
            username="user", database="dbname"
        )
        given = {**known, **self._url.query}
        return os.environ | {
            VARIABLES[name]: str(value) for name, value in given.items() if name in VARIABLES
        }


def _errors() -> Any:
    return importlib.import_module("psycopg").errors


def _rows(connection: Any) -> dict[str, int]:
    names = [row[0] for row in connection.execute(TABLES).fetchall()]
    return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in names}


def _revision(connection: Any) -> str:
    if connection.execute("SELECT to_regclass('alembic_version')").fetchone()[0] is None:
        return ""
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return row[0] if row else ""

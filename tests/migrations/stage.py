"""Databases to migrate: on SQLite or PostgreSQL, empty or filled, and revisions written for one test."""

import contextlib
import gzip
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterable, Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Connection, NullPool, create_engine, inspect

import config
from app import create_app
from migrations.support.ddl import clauses
from models import db
from tests.conftest import ON_POSTGRESQL, SERVER_URL

ROOT = Path(__file__).resolve().parents[2]
RELEASED = ROOT / "tests" / "data" / "released"
Rows = dict[str, list[tuple[Any, ...]]]

CATALOGUE = """
SELECT c.oid::regclass || ': ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
    || coalesce(' ' || col.collname, '') || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
    || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') || a.attgenerated::text
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid
    AND d.adnum = a.attnum LEFT JOIN pg_collation col ON col.oid = a.attcollation
  WHERE c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped AND c.relnamespace = 'public'::regnamespace
UNION ALL SELECT conrelid::regclass || ': ' || conname || ' ' || pg_get_constraintdef(oid)
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t WHERE NOT tgisinternal"""


@cache
def scripts() -> ScriptDirectory:
    """Give the released revisions."""
    return ScriptDirectory(str(ROOT / "migrations"))


def head() -> str:
    """Name the newest revision."""
    return str(scripts().get_current_head())


def named(name: str) -> str:
    """Find the revision in the file of that name, without its number."""
    return next(s.revision for s in scripts().walk_revisions() if s.path.endswith(f"_{name}.py"))


def revisions() -> list[str]:
    """Name all revisions, oldest first."""
    return [script.revision for script in scripts().walk_revisions()][::-1]


def releases() -> list[str]:
    """Name the revisions that have a frozen demo, oldest first."""
    return sorted(path.name.removesuffix(".json.gz") for path in RELEASED.glob("*.json.gz"))


@cache
def frozen(release: str) -> dict[str, Any]:
    """Read the frozen demo of a release."""
    found: dict[str, Any] = json.loads(gzip.decompress((RELEASED / f"{release}.json.gz").read_bytes()))
    return found


class Place:
    """A database with an application on it. `url`: its address; `folder`: for the application's files."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        self.extra = folder / "revisions"
        self.extra.mkdir(parents=True, exist_ok=True)
        self.engine = create_engine(url, poolclass=NullPool)

    @property
    def environ(self) -> dict[str, str]:
        """What a process needs to know to run Lectern here."""
        return {
            "LECTERN_ENV": "testing",
            "LECTERN_DATA_DIR": str(self.folder),
            "LECTERN_SECRET_KEY": "a secret for tests only, never used elsewhere",
            "DATABASE_URL": self.url,
        }

    @cached_property
    def app(self) -> Flask:
        """The application, whose migrations include those of `extra`."""
        app = create_app(config.load(self.environ))
        app.extensions["migrate"].migrate.configure(self.look_for_extra)
        return app

    def look_for_extra(self, settings: Any) -> Any:
        """Have Alembic find the revisions of this test."""
        settings.set_main_option("path_separator", "os")
        places = (ROOT / "migrations" / "versions", self.extra)
        settings.set_main_option("version_locations", os.pathsep.join(map(str, places)))
        return settings

    def revise(
        self, number: str, upgrade: str, *, after: str = "", top: str = "", down: str = "pass"
    ) -> None:
        """Write a revision after the newest in place of others, or one after that named `after`."""
        if not after:
            for path in self.extra.glob("*.py"):
                path.unlink()
        source = "\n".join(
            [
                "import sqlalchemy as sa", "from alembic import op", "from migrations.support import *", top,
                f"revision, down_revision = '{number}', '{after or head()}'",
                "def upgrade():", *indented(upgrade), "def downgrade():", *indented(down),
            ]
        )  # fmt: skip
        # A name of its own, because Python would take a file of the same size and second for the old one.
        (self.extra / f"{number}_{uuid.uuid4().hex}.py").write_text(source)

    def upgrade(self, revision: str = "head") -> None:
        """Do what `flask db upgrade` does; SystemExit when it fails."""
        with self.app.app_context():
            flask_migrate.upgrade(revision=revision)

    def downgrade(self, revision: str = "-1") -> None:
        """Do what `flask db downgrade` does."""
        with self.app.app_context():
            flask_migrate.downgrade(revision=revision)

    def leave(self) -> None:
        """Close what the application holds open."""
        if "app" in self.__dict__:
            with self.app.app_context():
                db.session.remove()
                db.engine.dispose()

    def ask(self, query: str) -> list[tuple[Any, ...]]:
        """Answer the rows of a query."""
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.exec_driver_sql(query)]

    @property
    def revision(self) -> str:
        """The revision the database says it is at."""
        return str(self.ask("SELECT version_num FROM alembic_version")[0][0])

    def fill(self, release: str) -> None:
        """Write the frozen demo of `release` into the columns there are."""
        with self.engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("SET TIME ZONE 'UTC'")
            present = columns(connection)
            for table, data in frozen(release).items():
                if table in present and data["rows"]:
                    insert(connection, table, present[table], data)

    def rows(self, of: dict[str, Any] | None = None) -> Rows:
        """Read all rows of every table in some fixed order, or only the columns that `of` names."""
        with self.engine.connect() as connection:
            wanted = of or {t: list(c) for t, c in columns(connection).items()}
            found = {
                table: connection.exec_driver_sql(f"SELECT {', '.join(names)} FROM {table}")
                for table, names in wanted.items()
            }
            return {table: sorted(map(tuple, rows), key=repr) for table, rows in found.items()}

    def columns(self) -> dict[str, list[str]]:
        """Name the columns of every table."""
        with self.engine.connect() as connection:
            return {table: list(names) for table, names in columns(connection).items()}

    def shape(self) -> set[str]:
        """Describe every column, constraint, index and trigger, in a form that can be compared."""
        raise NotImplementedError


class SQLitePlace(Place):
    """A database file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "lectern.db"
        super().__init__(folder, f"sqlite:///{self.path}")

    def copy(self, folder: Path) -> "SQLitePlace":
        """Make another one with the same content."""
        self.leave()
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.path, folder / "lectern.db")
        return SQLitePlace(folder)

    def shape(self) -> set[str]:
        """Describe it by the SQL it keeps."""
        found = set()
        for kind, name, sql in self.ask("SELECT type, name, sql FROM sqlite_master WHERE sql <> ''"):
            is_table = kind == "table" and "VIRTUAL" not in sql
            found |= {f"{name}: {c}" for c in clauses(sql)} if is_table else {" ".join(sql.split())}
        return found

    def drop(self) -> None:
        """Let go of it; the folder is pytest's."""
        self.leave()


class PostgresPlace(Place):
    """A database on the server the tests run on."""

    def __init__(self, folder: Path, template: str = "template1") -> None:
        self.name = f"lectern_migrate_{uuid.uuid4().hex[:12]}"
        self._serve(f"CREATE DATABASE {self.name} TEMPLATE {template}")
        self._serve(f"ALTER DATABASE {self.name} SET synchronous_commit = off")
        super().__init__(folder, SERVER_URL.rsplit("/", 1)[0] + "/" + self.name)

    def copy(self, folder: Path) -> "PostgresPlace":
        """Make another one with the same content."""
        self.leave()
        return PostgresPlace(folder, self.name)

    def shape(self) -> set[str]:
        """Describe it by its catalogue."""
        return {str(row[0]) for row in self.ask(CATALOGUE)}

    def drop(self) -> None:
        """Take it off the server."""
        self.leave()
        self._serve(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    @staticmethod
    def _serve(statement: str) -> None:
        with psycopg.connect(SERVER_URL.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(statement)


def flask_db(place: Place, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `flask db` as an operator does."""
    environ = {"PATH": os.environ["PATH"], **place.environ}
    command = [sys.executable, "-m", "flask", "--app", "app", "db", *arguments]
    return subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=120)


def start(place: Place) -> subprocess.Popen[str]:
    """Start an upgrade to the newest of this place's revisions in a process of its own."""
    environ = {"PATH": os.environ["PATH"], **place.environ}
    command = [sys.executable, "-m", "tests.migrations.upgrade"]
    return subprocess.Popen(
        command, cwd=ROOT, env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


@contextlib.contextmanager
def place_in(folder: Path, like: Any = None) -> Iterator[Any]:
    """Give a database of the kind the tests run on, empty or `like` another, for as long as it is used."""
    if like is not None:
        place = like.copy(folder)
    else:
        place = PostgresPlace(folder) if ON_POSTGRESQL else SQLitePlace(folder)
    try:
        yield place
    finally:
        place.drop()


def indented(source: str) -> Iterable[str]:
    """Make lines the body of a function."""
    return ["    " + line for line in source.splitlines()]


def columns(connection: Connection) -> dict[str, dict[str, str]]:
    """Name the columns of every table with their types; what the database computes is left out."""
    looking = inspect(connection)
    return {
        table: {c["name"]: str(c["type"]) for c in looking.get_columns(table) if not c.get("computed")}
        for table in looking.get_table_names()
        if "_fts" not in table and table != "alembic_version"
    }


def insert(connection: Connection, table: str, present: dict[str, str], data: dict[str, Any]) -> None:
    """Write rows as SQLite stored them; PostgreSQL reads the texts by itself, all but numbers as booleans."""
    places = [(i, name) for i, name in enumerate(data["columns"]) if name in present]
    names = [name for _, name in places]
    truths = {i for i, name in places if present[name] == "BOOLEAN"}
    rows = [
        tuple(bool(row[i]) if i in truths and row[i] is not None else row[i] for i, _ in places)
        for row in data["rows"]
    ]
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join([mark] * len(names))})"
    connection.exec_driver_sql(statement, rows)

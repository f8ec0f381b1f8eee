"""A real, migrated database for every test, copied from one that holds the cast.

The processes that run tests read this; see tests/conftest.py.
"""

import contextlib
import os
import pickle
import re
import shutil
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import flask_migrate
import psycopg
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.test import TestResponse

import config
from app import create_app, settle_memory
from domain.documents import files
from domain.people import accounts, sessions
from domain.platform import events
from models import User, db
from tables.connections import is_page
from tests import cast as cast_module
from tests import effort
from tests.cast import Cast
from tests.conftest import ON_POSTGRESQL, SERVER_URL

if TYPE_CHECKING:
    from playwright.sync_api import Browser

os.environ.setdefault("NO_PROXY", "127.0.0.1,localhost")
# How long an example takes says something about the machine, not about us.
hypothesis_settings.register_profile(
    "any", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=effort.times(100, 3000)
)
hypothesis_settings.load_profile("any")

# Its thread would outlive an application, and write into the database of the next test.
events.EventBuffer.start_writing = lambda self: None

# Passwords of tests guard nothing. What the product really asks of a guesser has a test of its own.
REAL_HASHER, accounts.HASHER = accounts.HASHER, PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)

# Half a second each; tests/documents makes real ones.
REAL_RENDER = files.render
files.render = lambda document: f"%PDF- {document.number}".encode()

# A copy of every table's rows stands beside it, and a function puts them back, which takes a tenth of the
# time of a new database. Triggers and foreign keys are off meanwhile, generated columns left to themselves.
KEEP = """
CREATE SCHEMA kept;
DO $$ DECLARE t record; everything text := ''; BEGIN
  FOR t IN SELECT table_name AS name, string_agg(quote_ident(column_name), ',') AS columns
      FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
      WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND is_generated = 'NEVER' GROUP BY 1 LOOP
    EXECUTE format('CREATE TABLE kept.%1$I AS SELECT %2$s FROM public.%1$I', t.name, t.columns);
    everything := everything || format('DELETE FROM public.%1$I;', t.name)
      || format('INSERT INTO public.%1$I (%2$s) SELECT %2$s FROM kept.%1$I;', t.name, t.columns);
  END LOOP;
  EXECUTE format('CREATE FUNCTION kept.restore() RETURNS void LANGUAGE plpgsql AS %L',
    'BEGIN ' || everything || 'END');
END $$"""
RESTORE = """
SET session_replication_role = replica; SET lock_timeout = '3s'; SET client_min_messages = error;
SELECT kept.restore()"""
SHAPE = """
SELECT count(*), sum(hashtext(relname)), sum(oid::bigint), sum(relnatts),
  (SELECT sum(oid::bigint) FROM pg_constraint WHERE connamespace = 'public'::regnamespace),
  (SELECT sum(oid::bigint) FROM pg_trigger)
FROM pg_class WHERE relnamespace = 'public'::regnamespace"""

WRITES = re.compile(
    r"\s*(INSERT|UPDATE|DELETE|SAVEPOINT|CREATE|WITH .* (INSERT|UPDATE|DELETE)|.*\sFOR (NO KEY )?UPDATE)",
    re.DOTALL,
)


@event.listens_for(Engine, "connect")
def _hurry(connection: object, _record: object) -> None:
    """No test's rows outlive it, so that nothing waits for the disk."""
    if isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")


@event.listens_for(Engine, "before_cursor_execute")
def _refuse_writing_pages(_connection: object, _cursor: object, statement: str, *_: object) -> None:
    """A page reads in autocommit on PostgreSQL: what it wrote or locked would be neither undone nor held."""
    if is_page() and WRITES.match(statement):
        raise AssertionError(f"A page writes or locks: {statement}")


class Databases:
    """Makes the template once and gives every test a copy of it."""

    def __init__(self, folder: Path, compiled: Path | None = None) -> None:
        self.compiled = compiled  # where compiled templates are kept for all processes of a run
        self.name = f"lectern_test_{uuid.uuid4().hex[:12]}"
        self.folder = folder
        self.url = self._postgres_url(self.name) if ON_POSTGRESQL else f"sqlite:///{folder / 'test.db'}"
        self.shape: object = None
        self.cast = b""  # pickled, which is read faster than its rows

    def make_template(self, app: Flask, fill: Callable[[], None]) -> None:
        """Migrate an empty database, write into it what `fill` writes, and keep it as the template."""
        if ON_POSTGRESQL:
            self._execute(f"CREATE DATABASE {self.name}")
        with app.app_context():
            flask_migrate.upgrade()
            fill()
            db.session.remove()
            db.engine.dispose()
        if ON_POSTGRESQL:
            self._execute(KEEP, self.name)
            self._execute(f"ALTER DATABASE {self.name} RENAME TO {self.name}_template")
        else:
            shutil.move(self.folder / "test.db", self.folder / "template.db")
            self._drop_test_db()

    def copy(self, app: Flask) -> None:
        """Put a fresh copy in place of what the last test left."""
        with app.app_context():
            db.session.remove()
            db.engine.dispose()
        if ON_POSTGRESQL:
            self._restore()
        else:
            self._drop_test_db()
            shutil.copy(self.folder / "template.db", self.folder / "test.db")

    def drop(self) -> None:
        """Leave nothing behind on the server."""
        if ON_POSTGRESQL:
            self._execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
            self._execute(f"DROP DATABASE IF EXISTS {self.name}_template WITH (FORCE)")

    def _restore(self) -> None:
        """Put the rows back; where the last test changed the tables, or left a lock, begin anew."""
        if self.shape is not None:
            with contextlib.suppress(psycopg.Error):
                if self._execute(SHAPE, self.name) == self.shape:
                    self._execute(RESTORE, self.name)
                    return
        self._execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")
        self._execute(f"CREATE DATABASE {self.name} TEMPLATE {self.name}_template")
        self._execute(f"ALTER DATABASE {self.name} SET synchronous_commit = off")
        self.shape = self._execute(SHAPE, self.name)

    def _drop_test_db(self) -> None:
        """Remove it: what is written over an old file is at once written to the disk as well."""
        for suffix in ("", "-wal", "-shm"):
            (self.folder / f"test.db{suffix}").unlink(missing_ok=True)

    @staticmethod
    def _postgres_url(name: str) -> str:
        return SERVER_URL.rsplit("/", 1)[0] + "/" + name

    def _execute(self, statement: str, database: str = "") -> object:
        """Run a statement on the server's maintenance database, or on one that is named; its first row."""
        url = self._postgres_url(database) if database else SERVER_URL
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchone() if cursor.description else None


@pytest.fixture(scope="session")
def chromium() -> "Iterator[Browser]":
    """The one Chromium of this test process, for tests marked `browser`."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - heavy, and most processes never ask

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
            args=["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """The databases of this test process."""
    run = tmp_path_factory.getbasetemp()
    compiled = (run.parent if "PYTEST_XDIST_WORKER" in os.environ else run) / "compiled"
    compiled.mkdir(exist_ok=True)
    made = Databases(tmp_path_factory.mktemp("lectern"), compiled)
    yield made
    made.drop()


class Client(FlaskClient):
    """A browser that reads every answer to its end, as browsers do.

    A streamed answer that is dropped half-read would end its request whenever memory is next tidied up, in
    the middle of another one.
    """

    def open(self, *args: Any, buffered: bool = True, **kwargs: Any) -> TestResponse:
        """As FlaskClient.open does."""
        return super().open(*args, buffered=buffered, **kwargs)


def application(databases: Databases, **changes: str) -> Flask:
    """An application on `databases`, as the tests want it: CSRF off.

    `changes` are settings, by the names of their variables.
    """
    environ = {
        "LECTERN_ENV": "testing",
        "LECTERN_DATA_DIR": str(databases.folder),
        "LECTERN_SECRET_KEY": "a secret for tests only, never used elsewhere",
        "LECTERN_BASE_URL": "http://localhost",
        "DATABASE_URL": databases.url,
        "STRIPE_SECRET_KEY": "sk_test_sandbox_tests",
        "STRIPE_WEBHOOK_SECRET": "whsec_tests",
        "STRIPE_API_BASE": "http://127.0.0.1:9",
    }
    app = create_app(config.load(environ | changes))
    if databases.compiled:
        app.jinja_env.bytecode_cache = FileSystemBytecodeCache(str(databases.compiled))
    app.config["WTF_CSRF_ENABLED"] = False
    app.test_client_class = Client
    return app


@pytest.fixture(scope="session")
def whole_app(databases: Databases) -> Flask:
    """The application, made once; use `app`, which comes with a fresh database."""
    app = application(databases)

    def fill() -> None:
        cast_module.build()
        databases.cast = pickle.dumps(cast_module.load())

    databases.make_template(app, fill)
    settle_memory()
    return app


@pytest.fixture
def app(whole_app: Flask, databases: Databases) -> Iterator[Flask]:
    """The application on a database of its own, with nothing remembered from the last test."""
    databases.copy(whole_app)
    for key in [k for k in whole_app.extensions if k.startswith("lectern_cache")]:
        del whole_app.extensions[key]
    config_before = dict(whole_app.config)
    yield whole_app
    whole_app.config.clear()
    whole_app.config.update(config_before)
    with whole_app.app_context():
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser that nobody has signed in with."""
    return app.test_client()


@pytest.fixture
def cast(app: Flask, databases: Databases) -> Cast:
    """The people and courses, see tests/cast.py, as the template holds them."""
    loaded: Cast = pickle.loads(databases.cast)
    return loaded


@pytest.fixture
def signed_in(app: Flask) -> Callable[[User], FlaskClient]:
    """A function that gives a browser in which a person is signed in."""

    def browser(user: User) -> FlaskClient:
        with app.app_context():
            row = db.session.get_one(User, user.id)
            sessions.start(row, "pytest", "127.0.0.1")
            token = row.session_token
            db.session.commit()
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = token
            session["_fresh"] = True
        return client

    return browser

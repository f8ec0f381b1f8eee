"""A real, migrated database for every test, copied from one that holds the cast.

The processes that run tests read this; see tests/conftest.py.
"""

import os
import pickle
import re
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from jinja2 import FileSystemBytecodeCache
from sqlalchemy import bindparam, event, update
from sqlalchemy.engine import Engine
from werkzeug.test import TestResponse

import config
from app import create_app, settle_memory
from domain.documents import files
from domain.people import accounts, sessions
from domain.platform import events
from models import User, db
from tables.connections import is_page
from tests import effort
from tests.cast import Cast
from tests.databases import Databases

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

SIGNED_IN = update(User.__table__).where(User.id == bindparam("holder")).values(last_login_at=bindparam("at"))

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


def whole_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Find the folder that all processes of a run share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def databases(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Databases]:
    """The databases of this test process."""
    compiled = whole_run(tmp_path_factory) / "compiled"
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
def whole_app(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    """The application, made once; use `app`, which comes with a fresh database."""
    app = application(databases)
    databases.share_template(app, whole_run(tmp_path_factory))
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
    databases.leave(whole_app)


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
        visitor = User(id=user.id)  # not loaded, which would take longer than all else here
        with app.app_context():
            sessions.start(visitor, "pytest", "127.0.0.1")
            db.session.execute(SIGNED_IN, {"holder": user.id, "at": visitor.last_login_at})
            db.session.commit()
        client = app.test_client()
        with client.session_transaction() as session:
            session["_user_id"] = visitor.session_token
            session["_fresh"] = True
        return client

    return browser

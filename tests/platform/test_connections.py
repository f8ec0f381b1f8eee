"""Connections: a lost, missing or slow one costs the requests in flight a 503, and nobody else anything."""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import psycopg
import pytest
from flask import Flask, abort
from flask.testing import FlaskClient
from psycopg import errors
from sqlalchemy import event, func, select, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import DBAPIError, OperationalError, TimeoutError

import config
from app import create_app
from cli.worker import ticking
from domain.base import clock
from domain.base.log import log
from domain.learning import playback
from domain.platform import events, health, settings
from domain.platform.event_registry import EventName
from jobs import worker
from jobs.worker import Worker
from models import Event, Lane, User, WorkerBeat, db, write_from_here
from tables.connections import direct_engine, is_unavailable
from tests import conftest, fixtures
from tests.cast import Cast
from web import visitor

postgresql = pytest.mark.postgresql
FILM = "/learn/flask-first-steps/forms-on-film"
SLOW = 5.0  # seconds; every answer here comes sooner


@pytest.fixture
def probe(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], FlaskClient]:
    """Put a view in place of GET /healthz and POST /logout, and ask as visitors do: errors become pages."""
    app.config.update(PROPAGATE_EXCEPTIONS=False, TESTING=False)

    def serve(view: Callable[[], Any]) -> FlaskClient:
        monkeypatch.setitem(app.view_functions, "site.healthz", view)
        monkeypatch.setitem(app.view_functions, "auth.logout", view)
        return app.test_client()

    return serve


@pytest.fixture
def cut(databases: fixtures.Databases) -> Callable[[], None]:
    """Have the server end every connection to the test's database, as a restart does."""
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"

    def end() -> None:
        with psycopg.connect(databases.url, autocommit=True) as connection:
            connection.execute(f"SELECT pg_terminate_backend(pid) {others}")
            until = time.monotonic() + SLOW
            while connection.execute(f"SELECT count(*) {others}").fetchone() != (0,):
                assert time.monotonic() < until

    return end


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    """What the shop's log says, where the causes stand that visitors aren't told."""
    log.addHandler(caplog.handler)
    yield caplog
    log.removeHandler(caplog.handler)


def three_statements() -> str:
    for _ in range(3):
        db.session.execute(select(1))
    return "whole"


@postgresql
def test_a_connection_that_was_lost_between_requests_is_replaced(
    app: Flask, probe: Callable[..., FlaskClient], cut: Callable[[], None]
) -> None:
    visitor = probe(three_statements)
    with app.app_context():
        engine = db.engine
    for ask in (visitor.get, visitor.post) * 3:
        with engine.connect(), engine.connect():
            pass  # several wait in the pool, and all of them are lost
        assert ask("/healthz" if ask == visitor.get else "/logout").text == "whole"
        cut()


@postgresql
def test_a_probe_after_a_restart_says_what_is_now(
    app: Flask, client: FlaskClient, cut: Callable[[], None]
) -> None:
    with app.app_context():
        health.heartbeat("worker")
        db.session.commit()
    for _ in range(2):
        assert client.get("/readyz").status_code == 200
        cut()


@pytest.fixture
def losing(cut: Callable[[], None]) -> Iterator[Callable[[int, int], None]]:
    """A function that cuts the connection before the `at`th statement from now on, and `every` so many."""
    left = [0, 0]

    def lose(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            left[0] = left[1]
            cut()

    def begin(at: int, every: int = 0) -> None:
        left[:] = [at, every]

    event.listen(Engine, "before_cursor_execute", lose)
    yield begin
    event.remove(Engine, "before_cursor_execute", lose)


@postgresql
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_page_that_loses_its_connection_is_made_again(
    at: int, probe: Callable[..., FlaskClient], losing: Callable[[int], None],
    logged: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    visitor = probe(three_statements)
    losing(at)
    assert visitor.get("/healthz").text == "whole"
    assert logged.text.count("connection lost, trying again") == 1


@postgresql
def test_a_page_that_is_made_again_is_one_visit(
    app: Flask, cast: Cast, probe: Callable[..., FlaskClient], cut: Callable[[], None],
    logged: pytest.LogCaptureFixture,
) -> None:  # fmt: skip
    cuts, course, creator = [cut], cast.flask_course.id, cast.flask_course.creator_id

    def visit() -> str:
        visitor.record(EventName.CONTENT_VIEW, course, creator, kind="course")
        visitor.record_search("flask", 1)
        if cuts:
            db.session.execute(select(1))
            cuts.pop()()
        return three_statements()

    # Who opts out of tracking has no searches that could be told from each other.
    probe(visit).get("/healthz", headers={"User-Agent": "Firefox", "DNT": "1"})
    assert logged.text.count("connection lost, trying again") == 1
    with app.app_context():
        events.flush()
        assert sorted(db.session.scalars(select(Event.name))) == ["content_view", "page_view", "searched"]


@postgresql
def test_a_page_is_made_again_once_only(
    probe: Callable[..., FlaskClient], losing: Callable[[int, int], None]
) -> None:
    visitor = probe(three_statements)
    losing(2, 2)
    answer = visitor.get("/healthz")
    losing(0, 0)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "Back in a moment" in answer.text
    assert visitor.get("/healthz").text == "whole"


@postgresql
@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_post_that_loses_its_connection_is_not_sent_again(
    at: int, probe: Callable[..., FlaskClient], losing: Callable[[int], None]
) -> None:
    visitor = probe(three_statements)
    losing(at)
    assert visitor.post("/logout").status_code == 503
    assert visitor.post("/logout").text == "whole"


@postgresql
def test_a_page_that_has_begun_to_write_is_not_made_again(
    probe: Callable[..., FlaskClient], cut: Callable[[], None]
) -> None:
    def write() -> str:
        write_from_here()
        health.heartbeat("half")
        cut()
        db.session.commit()
        return "written"

    assert probe(write).get("/healthz").status_code == 503


@postgresql
def test_a_page_reads_without_a_transaction_and_leaves_none_behind(
    app: Flask, probe: Callable[..., FlaskClient]
) -> None:
    transaction = text("SELECT pid, virtualtransaction FROM pg_locks WHERE pid = pg_backend_pid() LIMIT 1")
    seen = []

    def look() -> str:
        first, then = (db.session.execute(transaction).one() for _ in range(2))
        seen.append((first.pid, first == then))
        return "seen"

    visitor = probe(look)
    visitor.get("/healthz")
    visitor.post("/logout")
    visitor.get("/healthz")
    pid = seen[0][0]
    assert seen == [(pid, False), (pid, True), (pid, False)]
    with app.app_context():
        db.session.add(WorkerBeat(name="undone", at=clock.now()))
        db.session.flush()
        db.session.rollback()
        assert db.session.get(WorkerBeat, "undone") is None


@postgresql
def test_a_statement_prepared_before_a_migration_is_prepared_anew(
    app: Flask, probe: Callable[..., FlaskClient]
) -> None:
    visitor = probe(lambda: str(db.session.scalar(select(WorkerBeat.name).limit(1))))
    for _ in range(8):
        assert visitor.get("/healthz").text == "None"
    with app.app_context():
        assert db.session.scalar(
            text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%worker_beats%'")
        )
        db.session.execute(text("ALTER TABLE worker_beats ALTER COLUMN name TYPE text"))
        db.session.commit()
    assert visitor.get("/healthz").text == "None"


@postgresql
def test_rolling_back_forgets_no_prepared_statement(app: Flask) -> None:
    prepared = text("SELECT count(*) FROM pg_prepared_statements WHERE statement = 'SELECT 42'")
    with app.app_context():
        for _ in range(8):
            db.session.execute(text("SELECT 42"))
            db.session.rollback()
        assert db.session.scalar(prepared) == 1
        with pytest.raises(DBAPIError):
            db.session.execute(text("SELECT 1/0"))
        db.session.rollback()
        assert db.session.scalar(prepared) == 1


@postgresql
def test_one_that_is_lost_when_the_page_was_made_costs_nothing(
    app: Flask, probe: Callable[..., FlaskClient], cut: Callable[[], None]
) -> None:
    def whole_and_lost() -> str:
        answer = three_statements()
        cut()
        return answer

    cuts = [cut]

    def missing_and_lost() -> None:
        three_statements()
        if cuts:
            cuts.pop()()
        abort(404)

    assert probe(whole_and_lost).get("/healthz").text == "whole"
    assert app.test_client().get("/about").status_code == 200
    assert probe(missing_and_lost).get("/healthz").status_code == 404
    with app.app_context():
        db.session.execute(select(1))
        cut()
        db.session.rollback()
        assert db.session.scalar(select(1)) == 1
        db.session.remove()
        assert db.engine.pool.checkedout() == 0  # type: ignore[attr-defined]


@postgresql
def test_a_lost_commit_is_not_taken_for_one(
    app: Flask, probe: Callable[..., FlaskClient], cut: Callable[[], None]
) -> None:
    def write() -> str:
        health.heartbeat("half")
        cut()
        db.session.commit()
        return "written"

    assert probe(write).post("/logout").status_code == 503
    with app.app_context():
        assert db.session.get(WorkerBeat, "half") is None


@postgresql
def test_a_heartbeat_that_loses_its_connection_is_a_503_too(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient],
    cut: Callable[[], None], monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    browser, form = signed_in(cast.bo), {"position": 1, "start": 0, "end": 1, "state": "playing"}
    merge = playback._merge

    def lose(*read: Any) -> Any:
        cut()
        return merge(*read)

    for _ in range(2):  # the first one is written under a lock, the second is not
        monkeypatch.setattr(playback, "_merge", lose)
        assert browser.post(f"{FILM}/heartbeat", data=form).status_code == 503
        monkeypatch.setattr(playback, "_merge", merge)
        assert browser.post(f"{FILM}/heartbeat", data=form).status_code == 204


@postgresql
def test_a_heartbeat_whose_connection_was_lost_before_is_recorded(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient], cut: Callable[[], None]
) -> None:
    browser, form = signed_in(cast.bo), {"position": 1, "start": 0, "end": 1, "state": "playing"}
    for _ in range(3):
        cut()
        assert browser.post(f"{FILM}/heartbeat", data=form).status_code == 204


@postgresql
def test_the_workers_clock_outlives_the_loss(
    app: Flask, cut: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    beats, beat = [], health.heartbeat

    def lose_the_first(name: str) -> None:
        beats.append(name)
        beat(name)
        if len(beats) == 1:
            cut()
        else:
            running.stop()

    monkeypatch.setattr(health, "heartbeat", lose_the_first)
    monkeypatch.setattr(worker, "TICK_SECONDS", 0.01)
    running = Worker(app, {Lane.QUICK: 1}, ticking("a worker"))
    running.run()
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(WorkerBeat)) == 1


def test_a_full_pool_is_a_503_before_anybody_loses_patience(
    databases: fixtures.Databases, app: Flask, logged: pytest.LogCaptureFixture
) -> None:
    sizes = {"DATABASE_POOL_SIZE": "1", "DATABASE_POOL_OVERFLOW": "1", "DATABASE_POOL_TIMEOUT": "1"}
    narrow = fixtures.application(databases, **sizes)
    narrow.config.update(PROPAGATE_EXCEPTIONS=False, TESTING=False)
    visitor = narrow.test_client()
    with narrow.app_context():
        engine = db.engine
    with engine.connect(), engine.connect():
        began = time.monotonic()
        assert visitor.get("/about").status_code == 503
        assert visitor.get("/readyz").json == {"status": "unready"}
        assert "unready: database: not answering (TimeoutError)" in logged.text
        assert 2 <= time.monotonic() - began < SLOW
    assert visitor.get("/about").status_code == 200
    engine.dispose()


@postgresql
def test_a_statement_that_takes_too_long_is_cut_in_requests_only(
    databases: fixtures.Databases, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = fixtures.application(databases, DATABASE_STATEMENT_TIMEOUT="1")
    hasty.config.update(PROPAGATE_EXCEPTIONS=False, TESTING=False)
    limit = text("SELECT current_setting('statement_timeout')")
    seen = []

    def dawdle() -> str:
        seen.append(db.session.scalar(limit))
        db.session.commit()
        seen.append(db.session.scalar(limit))
        db.session.execute(text("SELECT pg_sleep(30)"))
        return "never"

    monkeypatch.setitem(hasty.view_functions, "site.healthz", dawdle)
    began = time.monotonic()
    assert hasty.test_client().get("/healthz").status_code == 503
    assert time.monotonic() - began < SLOW
    assert seen == ["1s", "1s"]
    with hasty.app_context():
        assert (
            db.session.scalar(limit) == "0"
        )  # for the worker and commands; the pool's connection is the same
        db.session.remove()
        db.engine.dispose()


def test_an_outage_while_an_error_page_is_made_is_still_an_outage(
    probe: Callable[..., FlaskClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise OperationalError("SELECT", None, Exception("the server closed the connection unexpectedly"))

    def missing() -> None:
        settings.forget()
        monkeypatch.setattr(settings, "_read", away)
        abort(404)

    assert probe(missing).get("/healthz").status_code == 503


@pytest.mark.parametrize(
    ("error", "unavailable"),
    [
        (errors.QueryCanceled, True),
        (errors.AdminShutdown, True),
        (errors.CrashShutdown, True),
        (errors.CannotConnectNow, True),
        (errors.TooManyConnections, True),
        (errors.LockNotAvailable, True),
        (errors.DeadlockDetected, True),
        (errors.DiskFull, True),
        (errors.ReadOnlySqlTransaction, True),
        (errors.UniqueViolation, False),
        (errors.UndefinedTable, False),
        (errors.InFailedSqlTransaction, False),
        (errors.NumericValueOutOfRange, False),
    ],
)
def test_which_errors_of_postgresql_are_an_outage(error: type[psycopg.Error], unavailable: bool) -> None:
    assert is_unavailable(DBAPIError.instance("SELECT", None, error("…"), psycopg.Error)) is unavailable


def test_an_error_is_an_outage_when_the_connection_is_gone() -> None:
    closed = psycopg.InterfaceError("the connection is closed")
    assert is_unavailable(
        DBAPIError.instance("SELECT", None, closed, psycopg.Error, connection_invalidated=True)
    )
    assert not is_unavailable(DBAPIError.instance("SELECT", None, closed, psycopg.Error))
    assert is_unavailable(TimeoutError())
    assert not is_unavailable(ValueError())


@pytest.fixture
def silent_server() -> Iterator[int]:
    """The port of a server that takes connections and never says a word."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_silent_server_is_not_waited_for(
    silent_server: int, tmp_path: Path, logged: pytest.LogCaptureFixture
) -> None:
    app = create_app(
        config.load(
            {
                "LECTERN_DATA_DIR": str(tmp_path),
                "DATABASE_URL": f"postgresql://postgres@127.0.0.1:{silent_server}/shop",
                "DATABASE_POOL_TIMEOUT": "2",
            }
        )
    )
    began = time.monotonic()
    answer = app.test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (503, {"status": "unready"})
    assert "unready: database: not answering (OperationalError)" in logged.text
    assert time.monotonic() - began < SLOW


def test_the_url_may_set_its_own_timeouts(tmp_path: Path) -> None:
    url = "postgresql://postgres@127.0.0.1/shop?connect_timeout=9"
    app = create_app(config.load({"LECTERN_DATA_DIR": str(tmp_path), "DATABASE_URL": url}))
    arguments = app.config["SQLALCHEMY_ENGINE_OPTIONS"]["connect_args"]
    assert "connect_timeout" not in arguments
    assert arguments["tcp_user_timeout"] == 10_000


def test_migrations_go_past_the_pooler(databases: fixtures.Databases, app: Flask) -> None:
    nowhere = (
        "postgresql://postgres@127.0.0.1:9/shop" if conftest.ON_POSTGRESQL else "sqlite:////nowhere/shop.db"
    )
    pooled = fixtures.application(databases, DATABASE_URL=nowhere, DATABASE_DIRECT_URL=databases.url)
    with pooled.app_context():
        flask_migrate.upgrade()
        with direct_engine(db.engine).connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    with app.app_context():
        assert direct_engine(db.engine) is db.engine

"""The shop behind PgBouncer in transaction mode, where each transaction may get another server connection."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

import jobs
from bench.servers import PgBouncer
from domain.analytics import daily_counts
from domain.base import clock
from domain.catalog.index import index_cache
from domain.platform import events, health
from models import CourseAnalytics, Event, Job, JobState, LessonProgress, User, WorkerBeat, db
from tests import effort, fixtures
from tests.cast import PASSWORD, Cast
from tests.checkout.shop import ONCE, Shop

pytestmark = pytest.mark.postgresql
SERVERS, POOL, VISITORS, ROUNDS = 3, 4, 8, effort.times(8, 80)
FILM = "/learn/flask-first-steps/forms-on-film"
PAGES = ("/", "/courses/flask-first-steps", "/learn", "/orders", "/notifications", "/no/such/page")
SESSION = """
SELECT pg_backend_pid(), current_setting('statement_timeout'), current_setting('synchronous_commit'),
    (SELECT count(*) FROM pg_prepared_statements),
    (SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relnamespace = pg_my_temp_schema())"""


@pytest.fixture
def pooler(databases: fixtures.Databases, tmp_path: Path) -> Iterator[PgBouncer]:
    """A PgBouncer that keeps few connections to the test's database."""
    with PgBouncer(tmp_path, databases.url, SERVERS) as running:
        yield running


@pytest.fixture
def app(app: Flask, pooler: PgBouncer, databases: fixtures.Databases) -> Iterator[Flask]:
    """The application behind it, with a pool that is smaller than the number of its visitors."""
    sizes = {"DATABASE_POOL_SIZE": str(POOL), "DATABASE_POOL_OVERFLOW": "0"}
    pooled = fixtures.application(databases, DATABASE_URL=pooler.url, **sizes)
    pooled.config["TESTING"] = True
    yield pooled
    with pooled.app_context():
        db.engine.dispose()


def sessions_of(pooler: PgBouncer) -> set[tuple[object, ...]]:
    """What each server connection of the pooler still knows of its former transactions, without its id."""
    found = {}
    with ExitStack() as held:
        for _ in range(SERVERS):
            connection = held.enter_context(psycopg.connect(pooler.url, prepare_threshold=None))
            pid, *rest = connection.execute(SESSION).fetchone() or ()
            found[pid] = tuple(rest)
    assert len(found) == SERVERS
    return set(found.values())


def visit(app: Flask, browser: FlaskClient, number: int) -> list[int]:
    """What a learner and the worker do, again and again; the statuses."""
    stranger, statuses = app.test_client(), []
    for lap in range(ROUNDS):
        statuses += [browser.get(page).status_code for page in PAGES]
        beat = {"position": lap + 1, "start": lap, "end": lap + 1, "state": "playing"}
        statuses.append(browser.post(f"{FILM}/heartbeat", data=beat).status_code)
        with app.app_context():
            health.heartbeat(f"worker {number}")
            jobs.enqueue("clean_up", key=f"{number}:{lap}")
            db.session.commit()
            jobs.run_all()
    form = {"email": "cy@example.com", "password": PASSWORD}
    return [*statuses, stranger.post("/login", data=form).status_code]


def test_eight_visitors_and_the_worker_share_three_connections(
    app: Flask, cast: Cast, pooler: PgBouncer, signed_in: Callable[[User], FlaskClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    # Whoever loads the catalogue needs a second connection, which readers who wait for it might all hold.
    monkeypatch.setattr(index_cache, "LOOK_AGAIN_AFTER", timedelta(0))
    assert app.test_client().get("/courses").status_code == 200
    before = sessions_of(pooler)
    people = [cast.bo, cast.ada, cast.mo, cast.bo, cast.ada, cast.mo, cast.bo, cast.bo]
    browsers = [signed_in(person) for person in people]
    with ThreadPoolExecutor(VISITORS) as pool:
        answers = list(pool.map(lambda pair: visit(app, pair[1], pair[0]), enumerate(browsers)))
    lap = [200, 200, 200, 200, 200, 404, 204]
    assert answers == [[*lap * ROUNDS, 303]] * VISITORS
    # Laps may be too quick for anything to count as watched; a minute later all of it can have been.
    later = clock.now() + timedelta(minutes=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    beat = {"position": ROUNDS, "start": 0, "end": ROUNDS, "state": "playing"}
    assert browsers[0].post(f"{FILM}/heartbeat", data=beat).status_code == 204
    with app.app_context():
        events.flush()
        assert db.session.scalar(select(func.count()).select_from(Event)) > 0
        done = select(func.count()).select_from(Job).where(Job.state == JobState.DONE)
        assert db.session.scalar(done) == VISITORS * ROUNDS
        assert db.session.scalar(select(func.count()).select_from(WorkerBeat)) == VISITORS
        seen = db.session.scalars(select(LessonProgress).where(LessonProgress.user_id == cast.bo.id))
        assert (ROUNDS, [[0, ROUNDS]]) in [(row.position_seconds, row.watched) for row in seen]
    assert sessions_of(pooler) == before


def test_visits_are_added_up_although_temporary_tables_stay_behind(app: Flask, pooler: PgBouncer) -> None:
    today = clock.now().date()
    app.test_client().get("/courses/flask-first-steps", headers={"User-Agent": "Mozilla/5.0"})

    def count() -> None:
        with app.app_context():
            list(daily_counts.count(today, today))

    with app.app_context():
        events.flush()
    with ThreadPoolExecutor(VISITORS) as pool:
        for counted in [pool.submit(count) for _ in range(VISITORS)]:
            counted.result()
    with app.app_context():
        assert db.session.scalar(select(func.sum(CourseAnalytics.views))) == 1
    assert {temporary for *_, temporary in sessions_of(pooler)} == {0}


def test_a_course_is_bought(shop: Shop, cast: Cast) -> None:
    browser = shop.signed_in(cast.cy)
    session_id = shop.buy(browser, cast.flask_course)
    assert "is yours" in shop.back(browser, session_id).text
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE


@pytest.mark.parametrize("noticed", [False, True])
def test_statements_are_prepared_only_where_they_can_be(app: Flask, noticed: bool) -> None:
    def ask() -> None:
        with app.app_context(), db.engine.connect() as connection:
            for number in range(20):
                if not noticed:
                    connection.connection.driver_connection.prepare_threshold = 0
                connection.execute(select(number))
                connection.commit()

    with ThreadPoolExecutor(POOL) as pool:
        faults = [asked.exception() for asked in [pool.submit(ask) for _ in range(POOL)]]
    if noticed:
        assert faults == [None] * POOL
    else:
        assert any(isinstance(fault, DBAPIError) and "prepared" in str(fault) for fault in faults)

"""What a page costs on the wire: round trips to PostgreSQL, as libpq's own trace counts them."""

import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event

from models import User, db
from tests.cast import Cast

pytestmark = pytest.mark.postgresql
LESSON = "/learn/flask-first-steps/forms-on-film"
PREVIEW = "/learn/flask-first-steps/hello-flask"
# Page, round trips of a visitor, and of a learner: one more finds the session, one more what is theirs.
PAGES = [
    ("/courses", 1, 3),
    ("/courses?level=beginner", 1, 3),
    ("/courses?q=flask", 1, 3),
    ("/courses/flask-first-steps", 2, 4),
    (PREVIEW, 2, 3),
    ("/about", 0, 1),
]


@pytest.fixture
def round_trips(app: Flask) -> Iterator[Callable[[], int]]:
    """A function that counts the round trips since it was last called: after each the server is ready."""
    with app.app_context():
        engine = db.engine
    traced: list[Any] = []
    with tempfile.TemporaryFile(buffering=0) as trace:

        def begin(connection: Any, _record: object, _proxy: object) -> None:
            if connection not in traced:
                connection.pgconn.trace(trace.fileno())
                traced.append(connection)

        def count() -> int:
            trace.seek(0)
            seen = trace.read().count(b"\tReadyForQuery")
            trace.seek(0)
            trace.truncate()
            return seen

        event.listen(engine, "checkout", begin)
        yield count
        event.remove(engine, "checkout", begin)
        for connection in traced:
            connection.pgconn.untrace()


def settled(browser: FlaskClient, address: str, round_trips: Callable[[], int]) -> int:
    """Ask until the page's statements are prepared and nothing is to be loaded once; the round trips then."""
    counts = []
    for _ in range(10):
        round_trips()
        assert browser.get(address).status_code == 200
        counts.append(round_trips())
    return min(counts[6:])  # the events of visits are written by a thread, sometimes in between


@pytest.mark.parametrize(("address", "visitor", "learner"), PAGES)
def test_a_page_takes_a_round_trip_for_each_query(
    address: str, visitor: int, learner: int, client: FlaskClient, cast: Cast,
    signed_in: Callable[[User], FlaskClient], round_trips: Callable[[], int],
) -> None:  # fmt: skip
    assert settled(client, address, round_trips) == visitor
    assert settled(signed_in(cast.bo), address, round_trips) == learner


def test_a_lesson_takes_three(
    cast: Cast, signed_in: Callable[[User], FlaskClient], round_trips: Callable[[], int]
) -> None:
    assert settled(signed_in(cast.bo), LESSON, round_trips) == 3


def test_a_heartbeat_takes_two_and_under_the_lock_six(
    cast: Cast, signed_in: Callable[[User], FlaskClient], round_trips: Callable[[], int]
) -> None:
    browser = signed_in(cast.bo)
    seen = []
    for state in ("playing", "playing", "playing", "paused", "playing"):
        form = {"position": 2, "start": 1, "end": 2, "state": state}
        assert browser.post(f"{LESSON}/heartbeat", data=form).status_code == 204
        seen.append(round_trips())
    assert seen[1:3] == [2, 2]
    assert seen[3] <= 7  # two in vain, then BEGIN, the lock, the progress, two writes, COMMIT
    assert seen[4] == 2


def test_a_post_takes_few(
    cast: Cast, signed_in: Callable[[User], FlaskClient], round_trips: Callable[[], int]
) -> None:
    browser = signed_in(cast.cy)
    for wished in ("yes", "no") * 4:
        round_trips()
        browser.post("/courses/flask-first-steps/wish", data={"wished": wished})
    assert round_trips() <= 9  # seven queries, BEGIN and COMMIT

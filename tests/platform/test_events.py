"""Events: who is left out, what is kept of the others, and that they wait when they can't be written."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from domain.base import clock
from domain.learning import playback
from domain.platform import events
from domain.platform.event_registry import EventName
from models import Course, Event, User, db
from tests.cast import Cast

PAGE = "/courses/flask-first-steps"
FIREFOX = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140"}
Browser = Callable[[User], FlaskClient]


def written(app: Flask, pages: bool = False) -> list[Event]:
    """Everything noted so far, oldest first; page views only if asked for."""
    with app.app_context():
        events.flush()
        query = select(Event).order_by(Event.id)
        rows = list(db.session.scalars(query if pages else query.where(Event.name != "page_view")))
        for row in rows:
            db.session.expunge(row)
        return rows


def test_a_visit_is_kept_without_the_address(app: Flask, client: FlaskClient, cast: Cast) -> None:
    headers = FIREFOX | {"Referer": "https://www.news.example/story?id=1"}
    client.get(PAGE, headers=headers, environ_overrides={"REMOTE_ADDR": "203.0.113.77"})
    [row] = written(app)
    assert (row.name, row.course_id, row.user_id) == ("content_view", cast.flask_course.id, None)
    assert (row.ip, row.referrer) == ("203.0.113.0", "news.example")
    assert row.user_agent.startswith("Mozilla")
    assert len(row.visitor) == 32
    assert "203.0.113.77" not in row.visitor


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("198.51.100.9", "198.51.100.0"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1::"),
        ("::ffff:198.51.100.9", "198.51.100.0"),
        ("", ""),
        ("localhost", ""),
    ],
)
def test_addresses_are_truncated(address: str, kept: str) -> None:
    assert events.truncated(address) == kept


def test_a_visitor_is_the_same_for_a_day_and_another_tomorrow(app: Flask) -> None:
    with app.app_context():
        now = clock.now()
        mine = events.visitor_of("203.0.113.1", "Firefox", now)
        assert events.visitor_of("203.0.113.1", "Firefox", now) == mine
        assert events.visitor_of("203.0.113.2", "Firefox", now) != mine
        assert events.visitor_of("203.0.113.1", "Firefox", now + timedelta(days=1)) != mine


def test_machines_creators_admins_and_prefetching_are_left_out(
    app: Flask, client: FlaskClient, cast: Cast, signed_in: Browser
) -> None:
    for agent in ("Googlebot/2.1", "curl/8.1", "python-requests/2", ""):
        client.get(PAGE, headers={"User-Agent": agent})
    client.get(PAGE, headers=FIREFOX | {"Sec-Purpose": "prefetch;prerender"})
    for person in (cast.ada, cast.mo):
        signed_in(person).get(PAGE, headers=FIREFOX)
        signed_in(person).get("/learn/flask-first-steps/hello-flask", headers=FIREFOX)
        signed_in(person).post("/learn/flask-first-steps/hello-flask/complete", headers=FIREFOX)
    assert written(app) == []
    signed_in(cast.nia).get(PAGE, headers=FIREFOX)
    assert [row.user_id for row in written(app)] == [cast.nia.id]


@pytest.mark.parametrize("wish", [{"DNT": "1"}, {"Sec-GPC": "1"}])
def test_who_asks_not_to_be_followed_is_only_counted(
    app: Flask, cast: Cast, signed_in: Browser, monkeypatch: pytest.MonkeyPatch, wish: dict[str, str]
) -> None:
    browser = signed_in(cast.bo)
    browser.get(PAGE, headers=FIREFOX | wish | {"Referer": "https://news.example/"})
    with app.app_context(), monkeypatch.context() as patch:
        before = clock.now() - timedelta(minutes=1)
        patch.setattr(clock, "now", lambda: before)
        proof = playback.sign_opening(cast.bo.id, cast.video_lesson.id)
    browser.post(
        "/learn/flask-first-steps/forms-on-film/heartbeat",
        data={"position": "10", "start": "0", "end": "10", "state": "playing", "opened": proof},
        headers=FIREFOX | wish,
    )  # fmt: skip
    rows = written(app)
    assert [row.name for row in rows] == ["content_view", "lesson_watched"]
    assert {(r.user_id, r.visitor, r.ip, r.user_agent, r.referrer) for r in rows} == {(None, "", "", "", "")}
    with app.app_context():
        assert db.session.get_one(Course, cast.flask_course.id).view_count == 1


@pytest.mark.parametrize(
    ("query", "referrer", "source"),
    [
        ("?utm_source=Mail&utm_campaign=May", "https://news.example/", "mail / may"),
        ("?utm_source=mail", "", "mail"),
        ("", "http://localhost/courses", "internal"),
        ("", "", ""),
        ("", "https://[broken", ""),
        ("?utm_source=" + "a" * 500, "", "a" * 100),
        ("?utm_source=%00%E2%80%AEa", "", "a"),
    ],
)
def test_sources(app: Flask, client: FlaskClient, cast: Cast, query: str, referrer: str, source: str) -> None:
    client.get(PAGE + query, headers=FIREFOX | ({"Referer": referrer} if referrer else {}))
    assert [row.referrer for row in written(app)] == [source]


def test_learning_is_noted(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    browser.get("/learn/flask-first-steps/routes", headers=FIREFOX)
    for slug in ("hello-flask", "routes", "going-live", "forms-on-film"):
        browser.post(f"/learn/flask-first-steps/{slug}/complete", headers=FIREFOX)
    found = [(row.name, row.lesson_id == cast.text_lesson.id) for row in written(app)]
    assert found == [
        ("content_view", True), ("lesson_completed", False), ("lesson_completed", True),
        ("lesson_completed", False), ("lesson_completed", False), ("course_completed", False),
    ]  # fmt: skip


def test_an_enrolment_is_noted_once(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.cy)
    for _ in range(2):
        browser.post("/learn/reading-code/enroll", headers=FIREFOX)
    assert [row.name for row in written(app)] == ["enrolled"]


def test_beats_of_a_minute_become_one_event(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    noon = clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
    with app.app_context():
        for minute, seconds in ((0, 10.4), (0, 10.0), (1, 5.0)):
            monkeypatch.setattr(clock, "now", lambda at=noon + timedelta(minutes=minute): at)
            events.record_watched(cast.bo.id, cast.flask_course.id, cast.video_lesson.id, seconds)
        assert events.flush(everything=False) == 1, "the minute under way gathers more"
        assert events.flush() == 1
    rows = written(app)
    assert [(row.created_at, row.properties) for row in rows] == [
        (noon, {"seconds": 20}),
        (noon + timedelta(minutes=1), {"seconds": 5}),
    ]


def test_memory_is_bounded_and_the_oldest_go_first(
    app: Flask, cast: Cast, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events.log, "propagate", True)
    with app.app_context():
        film = (cast.flask_course.id, cast.video_lesson.id)
        app.extensions["lectern_cache_events"] = events.EventBuffer(app, capacity=3)
        for number in range(5):
            events.record(EventName.LESSON_WATCHED, *film, seconds=number)
        assert events.flush() == 3
    assert [row.properties["seconds"] for row in written(app)] == [2, 3, 4]
    assert "2 events were dropped" in caplog.text


def test_what_belongs_to_a_deleted_course_stops_nothing(app: Flask, cast: Cast) -> None:
    with app.app_context():
        events.record(EventName.CONTENT_VIEW, cast.draft_course.id, kind="course")
        events.record(EventName.CONTENT_VIEW, cast.flask_course.id, kind="course")
        db.session.execute(db.delete(db.metadata.tables["products"]).filter_by(id=cast.draft_course.id))
        db.session.commit()
    assert [row.course_id for row in written(app)] == [cast.flask_course.id]


def test_events_wait_when_they_cannot_be_written(app: Flask, cast: Cast) -> None:
    with app.app_context():
        events.record(EventName.CONTENT_VIEW, cast.flask_course.id, kind="course")
        db.session.execute(db.text("ALTER TABLE events RENAME TO events_away"))
        db.session.commit()
        with pytest.raises(Exception, match="events"):
            events.flush()
        db.session.execute(db.text("ALTER TABLE events_away RENAME TO events"))
        db.session.commit()
    assert len(written(app)) == 1

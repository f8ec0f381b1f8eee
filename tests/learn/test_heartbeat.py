"""Heartbeats: what counts as watched, what is ignored, who may send them, and that none is lost."""

import contextlib
import re
import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update
from sqlalchemy.engine import Engine
from werkzeug.test import TestResponse

from domain.base import clock, slugs
from domain.learning import playback, playback_statements, progress
from models import (
    AccessGrant,
    Course,
    Enrollment,
    EnrollmentStatus,
    Lesson,
    LessonProgress,
    MediaAsset,
    MediaStatus,
    Module,
    User,
    UserSession,
    db,
)
from tables import base
from tests.cast import Cast
from tests.conftest import ON_POSTGRESQL

Browser = Callable[[User], FlaskClient]
FILM = "/learn/flask-first-steps/forms-on-film"
LONG_AGO = "an hour ago"


@pytest.fixture(autouse=True)
def long_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let LONG_AGO prove that the page was opened an hour ago, so that time bounds nothing."""
    real = playback._opened_at

    def opened_at(who: playback.Watcher, proof: str) -> datetime | None:
        return clock.now() - timedelta(hours=1) if proof == LONG_AGO else real(who, proof)

    monkeypatch.setattr(playback, "_opened_at", opened_at)


def opened(app: Flask, user: User, lesson: Lesson, monkeypatch: pytest.MonkeyPatch, **ago: float) -> str:
    """What a page has that was opened that long ago."""
    with app.app_context(), monkeypatch.context() as patch:
        moment = clock.now() - timedelta(**ago)
        patch.setattr(clock, "now", lambda: moment)
        return playback.sign_opening(user.id, lesson.id)


def beat(
    browser: FlaskClient, position: object, start: object = None, end: object = None, **more: Any
) -> TestResponse:
    """Send one heartbeat, of a page that was opened an hour ago unless `opened` says when."""
    data = {"position": position, "start": start, "end": end, "state": "playing", "opened": LONG_AGO, **more}
    address = data.pop("address", FILM)
    return browser.post(f"{address}/heartbeat", data={k: str(v) for k, v in data.items() if v is not None})


def progress_of(app: Flask, user: User) -> LessonProgress | None:
    """The person's progress in the one lesson they touched."""
    with app.app_context():
        row = db.session.scalar(select(LessonProgress).where(LessonProgress.user_id == user.id))
        if row is not None:
            db.session.expunge(row)
        return row


def enrollment_of(app: Flask, user: User) -> Enrollment:
    """The person's enrolment."""
    with app.app_context():
        row = db.session.scalars(select(Enrollment).where(Enrollment.user_id == user.id)).one()
        db.session.expunge(row)
        return row


def time_passes(app: Flask, **delta: float) -> None:
    """Let the last beat and the last visit have been that long ago."""
    past = clock.now() - timedelta(**delta)
    with app.app_context():
        db.session.execute(update(LessonProgress.__table__).values(updated_at=past, spent_until=None))
        db.session.execute(update(Enrollment.__table__).values(last_accessed_at=past))
        db.session.commit()


def test_a_beat_keeps_the_place_and_what_was_played(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    answer = beat(browser, 10.4, 0, 10.4)
    assert (answer.status_code, answer.data) == (204, b"")
    row = progress_of(app, cast.bo)
    assert (row.position_seconds, row.watched, row.watched_seconds) == (10, [[0, 10.4]], 10)
    beat(browser, 20.1, 10.4, 20.1)
    assert progress_of(app, cast.bo).watched == [[0, 20.1]]


def test_a_player_that_is_open_goes_on_after_the_course_has_moved(
    app: Flask, cast: Cast, signed_in: Browser
) -> None:
    with app.app_context():
        slugs.rename(db.session.get_one(Course, cast.flask_course.id), "flask-at-last")
        db.session.commit()
    assert beat(signed_in(cast.bo), 40, 30, 40).status_code == 204
    kept = progress_of(app, cast.bo)
    assert kept is not None
    assert kept.position_seconds == 40


def test_replays_count_once_and_the_place_moves_freely(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    beat(browser, 20, 0, 20)
    beat(browser, 12, 5, 12)
    row = progress_of(app, cast.bo)
    assert (row.position_seconds, row.watched_seconds) == (12, 20)
    beat(browser, 3)
    assert progress_of(app, cast.bo).position_seconds == 3


def test_jumping_to_the_end_is_not_watching(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    assert beat(browser, 119, state="jumped").status_code == 204
    assert beat(browser, 120, 119, 120, state="ended").status_code == 204
    row = progress_of(app, cast.bo)
    assert (row.watched_seconds, row.completed_at) == (1, None)


def test_watching_nearly_all_completes_the_lesson(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    for start in range(0, 100, 20):
        assert beat(browser, start + 20, start, start + 20).status_code == 204
    assert beat(browser, 113, 100, 113.5).status_code == 204
    answer = beat(browser, 114, 113.5, 114.0)
    assert answer.status_code == 200
    assert answer.json == {"lesson_completed": True, "course_completed": False}
    row = enrollment_of(app, cast.bo)
    assert (row.progress_percent, row.total_watch_seconds, row.status) == (25, 114, EnrollmentStatus.ACTIVE)
    assert beat(browser, 118, 114, 118).status_code == 204


def test_the_last_film_completes_the_course(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    for slug in ("hello-flask", "routes", "going-live"):
        browser.post(f"/learn/flask-first-steps/{slug}/complete")
    for start in range(0, 120, 20):
        answer = beat(browser, start + 20, start, start + 20)
    assert answer.json == {"lesson_completed": True, "course_completed": True}
    assert enrollment_of(app, cast.bo).status == EnrollmentStatus.COMPLETED


def test_an_undone_film_waits_for_its_end_or_a_press(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    for start in range(0, 120, 20):
        beat(browser, start + 20, start, start + 20)
    browser.post(f"{FILM}/reopen")
    assert beat(browser, 30, 10, 30).status_code == 204
    assert progress_of(app, cast.bo).completed_at is None
    assert beat(browser, 120, 110, 120, state="ended").status_code == 200


def test_the_recordings_own_length_counts(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        db.session.add(
            MediaAsset(
                course_id=cast.flask_course.id, lesson_id=cast.video_lesson.id, storage_key="x",
                status=MediaStatus.READY, duration_seconds=20.5,
            )
        )  # fmt: skip
        db.session.commit()
    browser = signed_in(cast.bo)
    assert beat(browser, 30).status_code == 204
    assert progress_of(app, cast.bo) is None
    assert beat(browser, 20.5, 0, 20.5, state="ended").status_code == 200


@pytest.mark.parametrize(
    ("position", "start", "end"),
    [(50, 50, 10), (10, 10, 10), (10, 110, 121), (10, 200, 210), (10, 5, None), (10, None, 5)],
)
def test_impossible_ranges_are_left_out(
    app: Flask, cast: Cast, signed_in: Browser, position: float, start: float | None, end: float | None
) -> None:
    assert beat(signed_in(cast.bo), position, start, end).status_code == 204
    row = progress_of(app, cast.bo)
    assert (row.watched, row.position_seconds) == ([], position)


def test_a_place_beyond_the_end_is_ignored(app: Flask, cast: Cast, signed_in: Browser) -> None:
    assert beat(signed_in(cast.bo), 500, 0, 10).status_code == 204
    assert progress_of(app, cast.bo) is None


def test_no_more_counts_than_time_has_passed(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    beat(browser, 1, 0, 1, opened="")
    assert progress_of(app, cast.bo).watched == []
    time_passes(app, seconds=15)
    beat(browser, 60, 0, 60, opened="")
    assert progress_of(app, cast.bo).watched == []
    time_passes(app, seconds=20)
    beat(browser, 60, 0, 60, opened="")
    assert progress_of(app, cast.bo).watched_seconds == 60


@pytest.mark.parametrize("proof", ["", "nonsense", "6a1b2c3d.", "-1.x", "é.é", "7" * 60])
def test_beats_at_once_complete_nothing(app: Flask, cast: Cast, signed_in: Browser, proof: str) -> None:
    with app.app_context():
        row = update(Lesson).where(Lesson.id == cast.video_lesson.id).values(duration_seconds=50)
        db.session.execute(row)
        db.session.commit()
    browser = signed_in(cast.bo)
    assert beat(browser, 50, 0, 50, opened=proof).status_code == 204
    assert progress_of(app, cast.bo).watched == []
    for start in (0, 25):
        assert beat(browser, start + 25, start, start + 25, opened=proof).status_code == 204
    for start in range(0, 50, 5):
        assert beat(browser, start + 5, start, start + 5, opened=proof).status_code == 204
    row = progress_of(app, cast.bo)
    assert (row.watched_seconds, row.completed_at) == (0, None)


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """A function that lets the server's clock go on by so many seconds; between, it stands still."""
    moment = [clock.now()]
    monkeypatch.setattr(clock, "now", lambda: moment[0])

    def passes(seconds: float) -> None:
        moment[0] += timedelta(seconds=seconds)

    return passes


def film_lasts(app: Flask, cast: Cast, seconds: float) -> None:
    """Give the lesson a recording that is so long."""
    with app.app_context():
        db.session.add(
            MediaAsset(
                course_id=cast.flask_course.id, lesson_id=cast.video_lesson.id, storage_key="x",
                status=MediaStatus.READY, duration_seconds=seconds,
            )
        )  # fmt: skip
        db.session.commit()


def open_player(browser: FlaskClient) -> str:
    """Open the lesson's page; what it proves."""
    proof = re.search('data-opened="([^"]+)"', browser.get(FILM).text)
    assert proof is not None
    return proof[1]


@pytest.mark.parametrize("duration", [0.6, 3, 10, 29.5])
def test_no_film_is_too_short_to_be_watched(
    app: Flask, cast: Cast, signed_in: Browser, passing: Callable[[float], None], duration: float
) -> None:
    film_lasts(app, cast, duration)
    browser, enough = signed_in(cast.bo), round(duration * 0.95, 2)
    passing(0.999)
    proof = open_player(browser)
    passing(enough / 3 - 0.1)
    for tab in (proof, open_player(browser), "", LONG_AGO + "?"):
        assert beat(browser, enough, 0, enough, state="ended", opened=tab).status_code == 204
        for part in range(10):
            start, end = part * enough / 10, part * enough / 10 + 0.01
            assert beat(browser, end, start, end, opened=tab).status_code == 204
    assert progress_of(app, cast.bo).completed_at is None
    passing(duration / 3)
    answer = beat(browser, duration, 0, duration, state="ended", opened=proof)
    assert answer.json == {"lesson_completed": True, "course_completed": False}


@pytest.mark.parametrize("speed", [1, 2, 3])
@pytest.mark.parametrize("duration", [2, 20, 50, 119.6])
def test_a_film_is_complete_when_it_ends_at_any_speed_that_is_played(
    app: Flask, cast: Cast, signed_in: Browser, passing: Callable[[float], None], speed: int, duration: float
) -> None:
    film_lasts(app, cast, duration)
    browser = signed_in(cast.bo)
    proof, place = open_player(browser), 0.0
    passing(0.1)  # what a browser needs at least to read the page and the film's beginning
    while place < duration:
        end = min(place + 10 * speed, duration)
        passing((end - place) / speed)
        state = "ended" if end == duration else "playing"
        answer = beat(browser, end, place, end, state=state, opened=proof)
        place = end
    row = progress_of(app, cast.bo)
    assert row.completed_at is not None
    assert row.watched == [[0, pytest.approx(duration, abs=0.05)]]
    assert answer.status_code in (200, 204)


def test_opening_the_page_again_gives_no_more_time(
    app: Flask, cast: Cast, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in(cast.bo)
    for start in range(0, 110, 10):
        proof = opened(app, cast.bo, cast.video_lesson, monkeypatch)
        beat(browser, start + 10, start, start + 10, opened=proof)
    assert progress_of(app, cast.bo).watched_seconds == 0


def test_the_page_proves_when_it_was_opened(
    app: Flask, cast: Cast, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = signed_in(cast.bo)
    proof = re.search('data-opened="([^"]+)"', browser.get(FILM).text)
    assert proof is not None
    beat(browser, 60, 0, 60, opened=proof[1])
    assert progress_of(app, cast.bo).watched == []
    other = opened(app, cast.cy, cast.video_lesson, monkeypatch, hours=1)
    elsewhere = opened(app, cast.bo, cast.text_lesson, monkeypatch, hours=1)
    for wrong in (other, elsewhere):
        beat(browser, 60, 0, 60, opened=wrong)
        assert progress_of(app, cast.bo).watched == []
    beat(browser, 60, 0, 60, opened=opened(app, cast.bo, cast.video_lesson, monkeypatch, seconds=30))
    assert progress_of(app, cast.bo).watched == [[0, 60]]


def test_twenty_minutes_without_a_connection_count_when_it_is_back(
    app: Flask, cast: Cast, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    with app.app_context():
        row = update(Lesson).where(Lesson.id == cast.video_lesson.id).values(duration_seconds=7200)
        db.session.execute(row)
        db.session.commit()
    browser = signed_in(cast.bo)
    train = opened(app, cast.bo, cast.video_lesson, monkeypatch, minutes=20)
    desk = opened(app, cast.bo, cast.video_lesson, monkeypatch, seconds=20)
    # One of them comes twice, because its answer was lost; then another tab goes on.
    for start, end in ((0, 600), (600, 1200), (600, 1200)):
        beat(browser, end, start, end, opened=train)
    beat(browser, 3020, 3000, 3020, opened=desk)
    assert progress_of(app, cast.bo).watched == [[0, 1200], [3000, 3020]]
    beat(browser, 6000, 1200, 6000, opened=train)
    assert progress_of(app, cast.bo).watched == [[0, 1200], [3000, 3020]]


def test_a_long_silence_is_not_a_licence(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        row = update(Lesson).where(Lesson.id == cast.video_lesson.id).values(duration_seconds=3600)
        db.session.execute(row)
        db.session.commit()
    browser = signed_in(cast.bo)
    beat(browser, 0, opened="")
    time_passes(app, days=2)
    beat(browser, 3600, 0, 3600, opened="")
    assert progress_of(app, cast.bo).watched_seconds == 0


@pytest.mark.parametrize(
    "data",
    [
        {"position": "nan"},
        {"position": "inf"},
        {"position": "-1"},
        {"position": "1e400"},
        {"position": "x"},
        {"position": ""},
        {"position": "1", "start": "nan", "end": "5"},
        {"position": "1", "start": "-3", "end": "5"},
        {"position": "1", "start": "0", "end": "inf"},
        {"position": "1", "state": "dancing"},
        {"position": "1", "state": ""},
        {"position": "\x00"},
        {"position": "1", "opened": "x" * 61},
        {"position": "9" * 400},
        {},
    ],
)
def test_nonsense_is_refused_and_changes_nothing(
    app: Flask, cast: Cast, signed_in: Browser, data: dict[str, str]
) -> None:
    answer = signed_in(cast.bo).post(f"{FILM}/heartbeat", data={"state": "playing", **data} if data else {})
    assert answer.status_code == 422
    assert progress_of(app, cast.bo) is None


def test_other_content_is_refused(cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    for body in ({"position": 1, "state": "playing"}, [1], "x", None, 5):
        assert browser.post(f"{FILM}/heartbeat", json=body).status_code == 422
    assert browser.post(f"{FILM}/heartbeat", data=b"\xff\xfe", content_type="text/plain").status_code == 422
    assert browser.get(f"{FILM}/heartbeat").status_code == 405


def test_only_whoever_may_open_the_lesson_is_heard(
    app: Flask, cast: Cast, signed_in: Browser, client: FlaskClient
) -> None:
    assert beat(client, 1, 0, 1).status_code == 403
    assert beat(signed_in(cast.cy), 1, 0, 1).status_code == 403
    for address in ("/learn/secret-draft/not-yet", "/learn/none/none", "/learn/flask-first-steps/why-read"):
        assert beat(signed_in(cast.bo), 1, address=address).status_code == 403
    browser = signed_in(cast.bo)
    with app.app_context():
        db.session.execute(update(AccessGrant).values(revoked_at=clock.now()))
        db.session.commit()
    assert beat(browser, 1, 0, 1).status_code == 403
    assert progress_of(app, cast.bo) is None
    assert beat(signed_in(cast.ada), 5, 0, 5).status_code == 204
    assert beat(signed_in(cast.mo), 5, 0, 5).status_code == 204


def test_a_device_that_was_signed_out_is_not_heard(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    assert beat(browser, 1).status_code == 204
    with app.app_context():
        db.session.execute(update(UserSession).values(revoked_at=clock.now()))
        db.session.commit()
    assert beat(browser, 2).status_code == 403
    with app.app_context():
        db.session.execute(update(UserSession).values(revoked_at=None))
        db.session.execute(update(User).where(User.id == cast.bo.id).values(deleted_at=clock.now()))
        db.session.commit()
    assert beat(browser, 2).status_code == 403


def test_a_locked_lesson_can_not_be_watched_from_outside(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    with app.app_context():
        course = update(Course.__table__).where(Course.__table__.c.id == cast.flask_course.id)
        db.session.execute(course.values(sequential=True))
        db.session.commit()
    assert beat(browser, 1).status_code == 403
    with app.app_context():
        db.session.execute(course.values(sequential=False))
        module = update(Module).where(Module.id == cast.video_lesson.module_id)
        db.session.execute(module.values(unlock_after_days=90))
        db.session.commit()
    assert beat(browser, 1).status_code == 403
    assert beat(browser, 0, address="/learn/flask-first-steps/routes", state="opened").status_code == 204


def test_a_preview_keeps_the_place_of_whoever_is_signed_in(
    app: Flask, cast: Cast, signed_in: Browser, client: FlaskClient
) -> None:
    preview = "/learn/flask-first-steps/hello-flask"
    assert beat(signed_in(cast.cy), 0, address=preview, state="opened").status_code == 204
    assert progress_of(app, cast.cy) is not None
    assert beat(client, 0, address=preview, state="opened").status_code == 403


def test_a_text_is_begun_but_never_watched(app: Flask, cast: Cast, signed_in: Browser) -> None:
    address = "/learn/flask-first-steps/routes"
    browser = signed_in(cast.bo)
    for start in range(0, 600, 25):
        assert beat(browser, start, start, start + 25, address=address).status_code == 204
    row = progress_of(app, cast.bo)
    assert (row.watched, row.completed_at) == ([], None)
    assert enrollment_of(app, cast.bo).last_lesson_id == cast.text_lesson.id


def test_the_enrolment_is_written_when_it_must(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    beat(browser, 10, 0, 10)
    first = enrollment_of(app, cast.bo)
    assert (first.last_lesson_id, first.total_watch_seconds) == (cast.video_lesson.id, 10)
    beat(browser, 20, 10, 20)
    assert enrollment_of(app, cast.bo).last_accessed_at == first.last_accessed_at
    beat(browser, 30, 20, 30, state="paused")
    assert enrollment_of(app, cast.bo).total_watch_seconds == 30
    time_passes(app, seconds=61)
    beat(browser, 40, 30, 40)
    assert enrollment_of(app, cast.bo).total_watch_seconds == 40


def test_a_beat_takes_few_queries(
    app: Flask, cast: Cast, signed_in: Browser, count_queries: Callable[[], int]
) -> None:
    # PostgreSQL tries without the lock first; a beat that completes a lesson also holds the enrolment.
    quick, locked, completing = (2, 5, 6) if ON_POSTGRESQL else (3, 4, 5)
    browser = signed_in(cast.bo)
    app.extensions.pop("lectern_cache_site", None)
    beat(browser, 20, 0, 20)
    assert count_queries() <= locked
    beat(browser, 30, 20, 30)
    assert count_queries() <= quick
    for start in range(30, 110, 20):
        answer = beat(browser, start + 20, start, start + 20)
        assert count_queries() <= locked
    assert answer.status_code == 204
    assert beat(browser, 120, 110, 120, state="ended").status_code == 200
    assert count_queries() <= completing


def test_the_remember_cookie_alone_is_enough(app: Flask, cast: Cast, signed_in: Browser) -> None:
    from flask_login.utils import encode_cookie

    browser = signed_in(cast.bo)
    with browser.session_transaction() as session:
        token = session["_user_id"]
        session.clear()
    with app.test_request_context():
        browser.set_cookie("lectern_device", encode_cookie(token))
    assert beat(browser, 4, 0, 4).status_code == 204


@pytest.fixture
def lock_off(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """A function that takes locks away from here on: BEGIN IMMEDIATE, row locks, and the row's version."""

    def without_row_lock(
        _c: Any, _cur: Any, sql: str, values: Any, _ctx: Any, _many: bool
    ) -> tuple[str, Any]:
        return sql.replace("FOR NO KEY UPDATE OF users", "").replace("FOR NO KEY UPDATE", ""), values

    def take_away() -> None:
        for statement in (playback_statements.LOCKED, playback_statements.UNCHANGED):
            plan = statement.plans.get("postgresql")
            if plan is not None:
                sql = plan.sql.replace("FOR NO KEY UPDATE OF users", "")
                monkeypatch.setattr(plan, "sql", re.sub(r" WHERE .* = lesson_progress.xmin::text", "", sql))
        event.listen(Engine, "before_cursor_execute", without_row_lock, retval=True)
        event.remove(Engine, "begin", base._begin_sqlite)

    yield take_away
    if event.contains(Engine, "before_cursor_execute", without_row_lock):
        event.remove(Engine, "before_cursor_execute", without_row_lock)
        event.listen(Engine, "begin", base._begin_sqlite)


def at_once(
    monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, *calls: Callable[[], Any], patience: float = 1
) -> list[Any]:
    """Make the calls at once, meeting before and after `owner.name` where nothing keeps them apart.

    Each waits `patience` seconds for the others. Meeting again afterwards keeps the first from committing
    before the last has read, so that what is lost without a lock is lost every time.
    """
    before, after, answers = threading.Barrier(len(calls)), threading.Barrier(len(calls)), []
    inner = getattr(owner, name)

    def meet(*args: Any, **kwargs: Any) -> Any:
        with contextlib.suppress(threading.BrokenBarrierError):
            before.wait(patience)
        answer = inner(*args, **kwargs)
        with contextlib.suppress(threading.BrokenBarrierError):
            after.wait(min(patience, 1))
        return answer

    monkeypatch.setattr(owner, name, meet)
    threads = [threading.Thread(target=lambda call=call: answers.append(call())) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    monkeypatch.setattr(owner, name, inner)
    return answers


def test_a_beat_takes_nothing_over_from_the_one_before(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    assert beat(browser, 20, 0, 20).status_code == 204
    assert beat(browser, 50).status_code == 204
    kept = progress_of(app, cast.bo)
    assert (kept.position_seconds, kept.watched) == (50, [[0, 20]])
    assert beat(browser, 60, state="asleep").status_code == 422
    assert beat(browser, "", 20, 30).status_code == 422
    assert beat(browser, 40, 30, 40).status_code == 204
    assert progress_of(app, cast.bo).watched == [[0, 20], [30, 40]]


@pytest.mark.parametrize("locked", [False, True])
def test_two_devices_lose_nothing_of_each_other(
    app: Flask,
    cast: Cast,
    signed_in: Browser,
    monkeypatch: pytest.MonkeyPatch,
    lock_off: Callable[[], None],
    locked: bool,
) -> None:
    one, other = signed_in(cast.bo), signed_in(cast.bo)
    for _ in range(3):
        beat(one, 0, state="playing")
    if not locked:
        lock_off()
    answers = at_once(
        monkeypatch, playback, "accept",
        lambda: beat(one, 20, 0, 20).status_code, lambda: beat(other, 60, 40, 60).status_code,
        patience=1 if locked else 10,
    )  # fmt: skip
    assert answers == [204, 204]
    watched = progress_of(app, cast.bo).watched
    assert (watched == [[0, 20], [40, 60]]) is locked


def test_two_first_beats_at_once_make_one_row(
    app: Flask, cast: Cast, signed_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = signed_in(cast.bo), signed_in(cast.bo)
    answers = at_once(
        monkeypatch, playback, "accept",
        lambda: beat(one, 20, 0, 20).status_code, lambda: beat(other, 60, 40, 60).status_code,
    )  # fmt: skip
    assert answers == [204, 204]
    assert progress_of(app, cast.bo).watched == [[0, 20], [40, 60]]


def test_a_database_that_stays_busy_is_a_clear_answer(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    with app.app_context():
        other = db.engine.raw_connection()
        cursor = other.cursor()
        if ON_POSTGRESQL:
            cursor.execute("SELECT id FROM users FOR UPDATE")
            waits = "SET lock_timeout = '100ms'"
        else:
            cursor.execute("BEGIN IMMEDIATE")
            waits = "PRAGMA busy_timeout = 100"

        def hurry(connection: Any, _record: Any, _proxy: Any) -> None:
            connection.execute(waits)
            connection.commit()

        event.listen(db.engine, "checkout", hurry)
        try:
            assert beat(browser, 5, 0, 5).status_code == 503
        finally:
            event.remove(db.engine, "checkout", hurry)
            other.rollback()
            other.close()
    assert beat(browser, 5, 0, 5).status_code == 204


@pytest.mark.parametrize("locked", [False, True])
def test_two_lessons_completed_at_once_are_both_counted(
    app: Flask,
    cast: Cast,
    signed_in: Browser,
    monkeypatch: pytest.MonkeyPatch,
    lock_off: Callable[[], None],
    locked: bool,
) -> None:
    one, other = signed_in(cast.bo), signed_in(cast.bo)
    if not locked:
        lock_off()
    course = "/learn/flask-first-steps"
    at_once(
        monkeypatch, progress, "recount",
        lambda: one.post(f"{course}/routes/complete"), lambda: other.post(f"{course}/going-live/complete"),
        patience=1 if locked else 10,
    )  # fmt: skip
    # Without a transaction SQLite shows each statement to everybody at once, so that nothing is missed there.
    counted = 50 if locked or not ON_POSTGRESQL else 25
    assert enrollment_of(app, cast.bo).progress_percent == counted

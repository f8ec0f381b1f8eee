"""What a learner has used of a course: seconds watched, texts opened without any script, and its share."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient

from domain.learning import consumption, openings
from domain.learning.consumption import Consumption, CourseLength
from domain.platform import events
from models import Enrollment, Lesson, LessonProgress, MediaAsset, MediaStatus, User, db
from tests.cast import START, Cast

SignIn = Callable[[User], FlaskClient]
BOUGHT = START + timedelta(days=10)
SECONDS = 300 + 600 + 120 + 900


def used(app: Flask, cast: Cast) -> Consumption:
    with app.app_context():
        events.flush()
        found = consumption.of([cast.bo.id], [cast.flask_course.id], BOUGHT)
        return found.get((cast.bo.id, cast.flask_course.id), consumption.NOTHING)


def begin(app: Flask, user: User, lesson: Lesson, **values: object) -> None:
    with app.app_context():
        given = {"started_at": BOUGHT + timedelta(days=1), **values}
        db.session.add(LessonProgress(user_id=user.id, lesson_id=lesson.id, **given))
        db.session.commit()


def film(app: Flask, cast: Cast) -> None:
    with app.app_context():
        db.session.add(
            MediaAsset(
                course_id=cast.flask_course.id, lesson_id=cast.video_lesson.id, storage_key="x",
                status=MediaStatus.READY, duration_seconds=120.0,
            )
        )  # fmt: skip
        db.session.commit()


@time_machine.travel(BOUGHT + timedelta(days=2), tick=False)
def test_a_text_counts_once_it_was_opened_without_any_script(
    app: Flask, cast: Cast, signed_in: SignIn
) -> None:
    assert used(app, cast) == consumption.NOTHING
    bo = signed_in(cast.bo)
    for _ in range(2):
        assert bo.get("/learn/flask-first-steps/routes").status_code == 200
    assert used(app, cast) == Consumption(600, 1, BOUGHT + timedelta(days=2))
    found = used(app, cast)
    with app.app_context():
        lengths = consumption.lengths([cast.flask_course.id])
    assert lengths == {cast.flask_course.id: CourseLength(4, SECONDS)}
    assert consumption.share([found], lengths.values()) == 31


def test_looking_without_a_grant_begins_nothing(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    for person in (cast.cy, cast.ada, cast.mo):
        assert signed_in(person).get("/learn/flask-first-steps/hello-flask").status_code == 200
    with app.app_context():
        events.flush()
        assert db.session.scalars(db.select(LessonProgress)).all() == []


def test_progress_that_has_begun_stays_and_what_is_gone_is_left_out(app: Flask, cast: Cast) -> None:
    begin(app, cast.bo, cast.text_lesson, position_seconds=7)
    with app.app_context():
        openings.note(cast.bo.id, cast.text_lesson.id)
        openings.note(cast.bo.id, uuid.uuid4())
        events.flush()
        row = db.session.scalars(db.select(LessonProgress)).one()
        assert (row.position_seconds, row.started_at) == (7, BOUGHT + timedelta(days=1))


@pytest.mark.parametrize(
    ("values", "seconds"),
    [({"watched_seconds": 45}, 45), ({"watched_seconds": 500}, 120), ({"completed_at": BOUGHT}, 120)],
)
def test_a_recording_counts_by_the_seconds_watched(
    app: Flask, cast: Cast, values: dict[str, object], seconds: int
) -> None:
    film(app, cast)
    begin(app, cast.bo, cast.video_lesson, **values)
    assert used(app, cast).seconds == seconds


def test_a_film_elsewhere_counts_like_a_text(app: Flask, cast: Cast) -> None:
    begin(app, cast.bo, cast.video_lesson)
    assert used(app, cast).seconds == 120


def test_what_was_opened_before_isnt_the_first_opening_since(app: Flask, cast: Cast) -> None:
    begin(app, cast.bo, cast.preview_lesson, started_at=BOUGHT - timedelta(days=1))
    assert used(app, cast) == Consumption(300, 1, None)


def test_finished_is_what_the_enrolment_says(app: Flask, cast: Cast) -> None:
    begin(app, cast.bo, cast.text_lesson)
    assert not used(app, cast).finished
    with app.app_context():
        db.session.scalars(db.select(Enrollment)).one().completed_at = BOUGHT
        db.session.commit()
    assert used(app, cast).finished

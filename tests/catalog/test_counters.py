"""Totals that stand beside what they count: whatever happens, counting anew corrects nothing."""

import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text, update

from domain.analytics import daily_counts, students
from domain.authoring import curriculum, lesson_drafts
from domain.authoring.curriculum import Position
from domain.base import clock
from domain.catalog import counters
from domain.catalog.index import search
from domain.community import reviews
from domain.learning import access, enrollment, library, progress, progress_recount
from domain.media import recordings
from domain.people import accounts
from models import (
    Course,
    CourseAnalytics,
    Enrollment,
    EnrollmentStatus,
    GrantSource,
    Job,
    Lesson,
    LessonKind,
    MediaAsset,
    Module,
    Review,
    SearchDocument,
    User,
    db,
)
from tests.cast import START, Cast
from tests.catalog.random_actions import all_lessons, row

RECOUNTS = {
    "ratings": reviews.recount_all,
    "holders": counters.recount_holders,
    "sales": counters.recount_purchases,
    "lessons": counters.recount_lessons,
    "progress": progress.recount_all,
}


@pytest.fixture(autouse=True)
def _shop(app: Flask, cast: Cast) -> Any:
    with app.app_context():
        for recount in RECOUNTS.values():
            recount()
        db.session.commit()
        yield


def of(person: User, course: Course) -> Enrollment:
    query = select(Enrollment).where(Enrollment.user_id == person.id, Enrollment.course_id == course.id)
    return db.session.scalars(query, execution_options={"populate_existing": True}).one()


def finish(person: User, course: Course) -> None:
    for lesson in all_lessons(course):
        progress.complete(person, lesson)
    db.session.flush()


def wrong() -> dict[str, int]:
    """How many of each total counting anew corrects, with the words of search and the days."""
    found = {name: recount() for name, recount in RECOUNTS.items()}
    return {name: number for name, number in found.items() if number}


def test_lessons_added_after_the_end_are_counted_everywhere(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]
) -> None:
    ada, bo, course = row(User, cast.ada), row(User, cast.bo), row(Course, cast.flask_course)
    finish(bo, course)
    done = of(bo, course)
    assert (done.progress_percent, done.status) == (100, EnrollmentStatus.COMPLETED)
    ended = done.completed_at
    module = db.session.scalars(select(Module.id).where(Module.course_id == course.id)).first()
    for title in ("Fresh", "Fresher"):
        added = curriculum.add_lesson(course, module, ada, title, LessonKind.TEXT)
        assert of(bo, course).progress_percent == (100 if title == "Fresh" else 80)
        curriculum.publish_lesson(course, added.id, ada, True)
    db.session.commit()
    after = of(bo, course)
    assert (after.progress_percent, after.status, after.completed_at) == (
        66,
        EnrollmentStatus.COMPLETED,
        ended,
    )
    mine = library.load_page(bo).finished[0]
    assert (mine.percent, mine.fresh) == (66, 2)
    db.session.commit()
    browser = signed_in(cast.bo)
    assert "2 new lessons since you finished" in browser.get("/learn").text
    assert "2 new lessons since you finished" in browser.get("/learn/flask-first-steps/routes").text
    listed = {student.name: student.progress for student in students.every(ada, course.id, "")}
    assert listed == {"Bo": 66}
    db.session.commit()
    curriculum.delete_lesson(course, added.id, ada)
    db.session.commit()
    assert library.load_page(bo).finished[0].fresh == 1
    db.session.commit()
    assert "1 new lesson since you finished" in browser.get("/learn").text
    assert not wrong()


def test_hiding_what_was_left_completes_the_course(cast: Cast) -> None:
    ada, bo, course = row(User, cast.ada), row(User, cast.bo), row(Course, cast.flask_course)
    *first, last = all_lessons(course)
    for lesson in first:
        progress.complete(bo, lesson)
    assert of(bo, course).completed_at is None
    curriculum.publish_lesson(course, last.id, ada, False)
    assert of(bo, course).completed_at is not None
    curriculum.publish_lesson(course, last.id, ada, True)
    assert (of(bo, course).progress_percent, of(bo, course).status) == (75, EnrollmentStatus.COMPLETED)


def test_whose_course_was_cancelled_completes_nothing(cast: Cast) -> None:
    ada, bo, course = row(User, cast.ada), row(User, cast.bo), row(Course, cast.flask_course)
    *first, last = all_lessons(course)
    for lesson in first:
        progress.complete(bo, lesson)
    access.revoke(cast.purchase.id)
    curriculum.delete_lesson(course, last.id, ada)
    assert (of(bo, course).completed_at, of(bo, course).progress_percent) == (None, 100)
    access.grant(bo.id, course.id, GrantSource.FREE, course.id)
    enrollment.enroll(bo.id, course.id)
    assert of(bo, course).status == EnrollmentStatus.COMPLETED


def test_only_other_lessons_are_counted_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Renaming and moving cost nothing, however many learners there are."""
    ada, course = row(User, cast.ada), row(Course, cast.flask_course)
    counted: list[Any] = []
    monkeypatch.setattr(progress, "recount_some", lambda *given: counted.append(given) or (0, None))
    progress_recount.recount_course(course)
    counted.clear()
    first, second, *_ = all_lessons(course)
    curriculum.rename_lesson(course, first.id, ada, "Another title")
    curriculum.move_lesson(course, first.id, ada, Position(second.id))
    assert not counted
    curriculum.publish_lesson(course, first.id, ada, False)
    assert len(counted) == 1


def test_many_learners_are_counted_by_the_worker_some_at_a_time(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress_recount, "MOST_AT_ONCE", 5)  # one learner of four lessons
    ada, course = row(User, cast.ada), row(Course, cast.flask_course)
    for person in (cast.cy, cast.una, cast.nia):
        access.grant(person.id, course.id, GrantSource.FREE, course.id)
        enrollment.enroll(person.id, course.id)
        progress.complete(row(User, person), all_lessons(course)[0])
    curriculum.delete_lesson(course, all_lessons(course)[-1].id, ada)
    db.session.commit()
    assert of(cast.cy, course).progress_percent == 25
    waiting = select(Job).where(Job.kind == "recount_learners", Job.finished_at.is_(None))
    while job := db.session.scalars(waiting).first():
        progress_recount.recount_learners(**job.payload)
        job.finished_at = clock.now()
        db.session.commit()
    assert {of(person, course).progress_percent for person in (cast.cy, cast.una, cast.nia)} == {33}
    assert not wrong()


def test_days_long_past_follow_what_is_taken_back(cast: Cast) -> None:
    bo, course = row(User, cast.bo), row(Course, cast.flask_course)
    reviews.write(bo, course, 5, "Good")
    finish(bo, course)
    db.session.execute(update(Review).values(created_at=START))
    db.session.execute(update(Enrollment).values(completed_at=START))
    db.session.commit()
    list(daily_counts.count(START.date(), clock.now().date()))
    db.session.rollback()
    day = select(CourseAnalytics.completions, CourseAnalytics.rating_sum, CourseAnalytics.rating_count).where(
        CourseAnalytics.course_id == course.id, CourseAnalytics.date == START.date()
    )
    assert db.session.execute(day).one() == (1, 5, 1)
    reviews.write(bo, course, 2, "Worse")
    progress.reopen(bo, all_lessons(course)[0])
    asked = db.session.scalars(select(Job).where(Job.kind == "correct_course_days")).all()
    assert len(asked) >= 2
    daily_counts.correct(**asked[0].payload)
    assert db.session.execute(day).one() == (0, 2, 1)
    reviews.withdraw(bo, course)
    daily_counts.correct(str(course.id))
    assert db.session.execute(day).one() == (0, 0, 0)


def test_a_creators_new_name_is_found(cast: Cast) -> None:
    ada = row(User, cast.ada)
    accounts.save_profile(ada, "Grace Hopper", "", "UTC")
    job = db.session.scalars(select(Job).where(Job.kind == "reindex_creator")).one()
    search.reindex_creator(**job.payload)
    words = select(SearchDocument.keywords).where(SearchDocument.product_id == cast.flask_course.id)
    assert "hopper" in (db.session.scalar(words) or "")


def test_a_lesson_is_as_long_as_what_it_has_now(cast: Cast) -> None:
    ada, course, lesson = row(User, cast.ada), row(Course, cast.flask_course), row(Lesson, cast.text_lesson)
    lesson_drafts.adjust(course, lesson, ada, {"body": "word " * 2200})
    assert (lesson.duration_seconds, course.duration_seconds) == (600, 600 + 300 + 120 + 900)
    lesson_drafts.adjust(course, lesson, ada, {"kind": LessonKind.VIDEO})
    assert lesson.duration_seconds == 0
    asset = MediaAsset(course_id=course.id, lesson_id=lesson.id, storage_key="x", duration_seconds=90.0)
    db.session.add(asset)
    lesson_drafts.adjust(course, lesson, ada, {"title": "With a film"})
    assert lesson.duration_seconds == 90
    recordings.remove(course, asset, ada)
    assert (lesson.duration_seconds, course.duration_seconds) == (0, 300 + 120 + 900)


@pytest.mark.postgresql
@pytest.mark.parametrize("held", [True, False])
def test_a_lesson_is_published_while_somebody_finishes(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, held: bool
) -> None:
    """Without the lock the learner's statement counts the lessons of before it waited: all four of four."""
    if not held:
        monkeypatch.setattr(progress, "_lock_enrollment", lambda *_: None)
    ada, bo, course = row(User, cast.ada), row(User, cast.bo), row(Course, cast.flask_course)
    *first, last = all_lessons(course)
    fifth = curriculum.add_lesson(course, last.module_id, ada, "Fifth", LessonKind.TEXT)
    for lesson in first:
        progress.complete(bo, lesson)
    db.session.commit()
    curriculum.publish_lesson(course, fifth.id, ada, True)
    learner = threading.Thread(target=_finish_elsewhere, args=(app, bo.id, last.id))
    learner.start()
    waits = text(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
    )
    for _ in range(400):
        with db.engine.connect() as other:
            if other.scalar(waits):
                break
        time.sleep(0.01)
    db.session.commit()
    learner.join(10)
    assert of(bo, course).progress_percent == (80 if held else 100)
    assert sum(wrong().values()) == (0 if held else 1)


def _finish_elsewhere(app: Flask, user_id: uuid.UUID, lesson_id: uuid.UUID) -> None:
    with app.app_context():
        progress.complete(db.session.get_one(User, user_id), db.session.get_one(Lesson, lesson_id))
        db.session.commit()

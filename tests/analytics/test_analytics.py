"""Totals by day: what they are made of, that counting again changes nothing, what stays without events."""

import datetime as dt
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, event, func, select
from sqlalchemy.engine import Engine

import jobs
from domain.analytics import daily_counts
from domain.base import clock
from models import (
    Course,
    CourseAnalytics,
    CourseSource,
    DailySales,
    Enrollment,
    Event,
    Job,
    JobState,
    LessonAnalytics,
    Purchase,
    Review,
    db,
)
from tests.analytics.test_conversion import refund
from tests.cast import START, Cast

NOON = datetime.combine(clock.now().date() - timedelta(days=3), dt.time(12), UTC)
DAY, SOLD = NOON.date(), (START + timedelta(days=10)).date()


def happened(cast: Cast, name: str, *, at: datetime = NOON, **values: Any) -> None:
    """Write an event of the Flask course."""
    db.session.add(Event(**{"name": name, "created_at": at, "course_id": cast.flask_course.id, **values}))


def count(first: dt.date = DAY, last: dt.date | None = None) -> None:
    """Count the days; the session sees what was written."""
    db.session.commit()
    for _ in daily_counts.count(first, last or clock.now().date()):
        pass
    db.session.rollback()


def course_day(course_id: uuid.UUID, day: dt.date = DAY) -> CourseAnalytics:
    """The course's totals of the day."""
    query = select(CourseAnalytics).where(CourseAnalytics.course_id == course_id, CourseAnalytics.date == day)
    return db.session.scalars(query, execution_options={"populate_existing": True}).one()


def everything() -> list[Any]:
    """All totals, to compare."""
    tables = (CourseAnalytics, LessonAnalytics, CourseSource, DailySales)
    return [sorted(map(str, db.session.execute(select(t.__table__)).all())) for t in tables]


def test_views_visitors_and_sources(app: Flask, cast: Cast) -> None:
    with app.app_context():
        for visitor, referrer in (("a", "news.example"), ("a", "news.example"), ("b", ""), ("", "")):
            happened(cast, "content_view", visitor=visitor, referrer=referrer)
        happened(cast, "content_view", at=NOON + timedelta(days=1), visitor="a")
        happened(cast, "content_view", at=NOON.replace(hour=0), visitor="c")
        happened(cast, "content_view", at=NOON.replace(hour=0) - timedelta(microseconds=1), visitor="c")
        count()
        row = course_day(cast.flask_course.id)
        assert (row.views, row.visitors) == (5, 3)
        assert course_day(cast.flask_course.id, DAY + timedelta(days=1)).views == 1
        sources = select(CourseSource.source, CourseSource.views).where(CourseSource.date == DAY)
        assert dict(db.session.execute(sources).all()) == {"news.example": 2, "direct": 3}


def test_lessons_begun_finished_and_watched(app: Flask, cast: Cast) -> None:
    film = {"lesson_id": cast.video_lesson.id}
    with app.app_context():
        for person in (cast.bo.id, cast.bo.id, cast.cy.id):
            happened(cast, "content_view", user_id=person, visitor="same", **film)
        happened(cast, "content_view", visitor="stranger", **film)
        for _ in range(2):  # people who ask not to be followed
            happened(cast, "content_view", **film)
        happened(cast, "lesson_completed", user_id=cast.bo.id, **film)
        happened(cast, "lesson_watched", user_id=cast.bo.id, properties={"seconds": 40}, **film)
        happened(cast, "lesson_watched", properties={"seconds": 7}, **film)
        happened(cast, "content_view", lesson_id=uuid.uuid4())  # a lesson that was deleted since
        count()
        [row] = db.session.scalars(select(LessonAnalytics))
        assert (row.lesson_id, row.course_id) == (cast.video_lesson.id, cast.flask_course.id)
        assert (row.starts, row.completions, row.watch_seconds) == (5, 1, 47)
        assert course_day(cast.flask_course.id).watch_seconds == 47


def test_enrolments_completions_and_ratings(app: Flask, cast: Cast) -> None:
    with app.app_context():
        row = db.session.scalars(select(Enrollment)).one()
        row.enrolled_at, row.completed_at = NOON, NOON + timedelta(days=1)
        more = {"product_id": cast.flask_course.id, "created_at": NOON}
        db.session.add_all(
            [
                Review(user_id=cast.bo.id, rating=4, **more),
                Review(user_id=cast.cy.id, rating=1, flagged=True, **more),
                Review(user_id=cast.una.id, rating=5, flagged=True, approved=True, **more),
            ]
        )
        count()
        day = course_day(cast.flask_course.id)
        assert (day.enrollments, day.completions, day.rating_sum, day.rating_count) == (1, 0, 9, 2)
        assert course_day(cast.flask_course.id, DAY + timedelta(days=1)).completions == 1


def test_sales_and_refunds(app: Flask, cast: Cast) -> None:
    with app.app_context():
        purchase = db.session.scalars(select(Purchase)).one()
        sold = purchase.created_at.date()
        refund(purchase, 1900, NOON)
        count(START.date())
        row = course_day(cast.flask_course.id, sold)
        assert (row.sales, row.revenue_cents) == (1, 1900)
        assert course_day(cast.flask_course.id).revenue_cents == -1900
        shop = select(DailySales.date, DailySales.sales, DailySales.gross_cents, DailySales.fee_cents)
        assert db.session.execute(shop.where(DailySales.sales > 0)).one() == (sold, 1, 1900, 570)
        assert db.session.scalar(select(func.sum(DailySales.refunded_cents))) == 1900


def test_another_currency_is_in_the_shops_totals_alone(app: Flask, cast: Cast) -> None:
    with app.app_context():
        db.session.get_one(Course, cast.flask_course.id).currency = "eur"
        sold = db.session.scalars(select(Purchase)).one().created_at.date()
        count(START.date())
        assert db.session.scalar(select(func.sum(CourseAnalytics.sales))) == 0
        assert db.session.execute(select(DailySales.date, DailySales.currency)).one() == (sold, "usd")


def test_counting_again_changes_nothing_and_corrects_what_was_wrong(app: Flask, cast: Cast) -> None:
    with app.app_context():
        happened(cast, "content_view", visitor="a")
        happened(cast, "content_view", user_id=cast.bo.id, lesson_id=cast.text_lesson.id)
        count(START.date())
        before = everything()
        count(START.date())
        assert everything() == before
        course_day(cast.flask_course.id).views = 99
        db.session.scalars(select(LessonAnalytics)).one().starts = 99
        db.session.commit()
        count(START.date())
        assert everything() == before
        db.session.execute(delete(Enrollment))
        count(START.date())
        assert db.session.scalar(select(func.sum(CourseAnalytics.enrollments))) == 0


def test_days_whose_events_are_gone_keep_what_they_added_up_to(app: Flask, cast: Cast) -> None:
    with app.app_context():
        happened(cast, "content_view")
        happened(cast, "content_view", at=NOON + timedelta(days=1))
        count()
        db.session.execute(delete(Event).where(Event.created_at < NOON + timedelta(hours=1)))
        db.session.add(Review(user_id=cast.bo.id, product_id=cast.flask_course.id, rating=5, created_at=NOON))
        count()
        row = course_day(cast.flask_course.id)
        assert (row.views, row.rating_count) == (1, 1)


def test_old_events_are_removed_once_they_are_counted(app: Flask, cast: Cast) -> None:
    with app.app_context():
        old = clock.now() - timedelta(days=401)
        for at in (old, old + timedelta(days=3)):
            happened(cast, "content_view", at=at)
        db.session.commit()
        jobs.enqueue("count_events")
        db.session.commit()
        jobs.run_all()
        assert db.session.scalars(select(Job.state)).all() == [JobState.DONE]
        assert [moment.date() for moment in db.session.scalars(select(Event.created_at))] == [
            (old + timedelta(days=3)).date()
        ]
        assert course_day(cast.flask_course.id, (old + timedelta(days=3)).date()).views == 1


def test_the_worker_counts_all_since_it_last_did(app: Flask, cast: Cast) -> None:
    today = clock.now().date()
    with app.app_context():
        assert daily_counts.begin() == [SOLD.isoformat(), today.isoformat()]
        count(START.date(), DAY)
        happened(cast, "content_view")
        count(DAY, DAY)
        late = DAY - timedelta(days=1)  # whose last events may have been written after it was counted
        assert daily_counts.begin() == [late.isoformat(), today.isoformat()]
        happened(cast, "content_view", at=clock.now())
        count(today)
        assert daily_counts.begin()[0] == (today - timedelta(days=1)).isoformat()


def test_correcting_a_course_leaves_uncounted_days_to_be_counted(app: Flask, cast: Cast) -> None:
    """A worker that was down corrects a course first: its rows don't pass for days that were counted."""
    bo, course = cast.bo, cast.flask_course
    with app.app_context():
        count(START.date(), DAY)
        missed = NOON + timedelta(days=2)
        happened(cast, "content_view", at=missed)
        db.session.add(Review(user_id=bo.id, product_id=course.id, rating=4))
        db.session.flush()
        daily_counts.correct(str(course.id))
        days = daily_counts.begin()
        db.session.rollback()
        assert days[0] <= DAY.isoformat()
        happened(cast, "content_view", at=missed)
        db.session.commit()
        daily_counts.work(days)
        assert course_day(course.id, missed.date()).views == 1


def test_rebuild_by_the_command(app: Flask, cast: Cast) -> None:
    with app.app_context():
        happened(cast, "content_view")
        db.session.commit()
    result = app.test_cli_runner().invoke(args=["stats", "rebuild"])
    assert result.exit_code == 0, result.output
    assert "Days: 31 counted" in result.output
    with app.app_context():
        assert course_day(cast.flask_course.id).views == 1


def test_counting_holds_no_lock(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement.split("\n")[0][:40])

    with app.app_context():
        happened(cast, "content_view")
        db.session.commit()
        event.listen(Engine, "before_cursor_execute", note)
        try:
            count()
        finally:
            event.remove(Engine, "before_cursor_execute", note)
    writes = [
        s for s in statements if s.startswith(("UPDATE", "DELETE", "INSERT INTO course", "INSERT INTO d"))
    ]
    assert statements.index(writes[0]) > max(n for n, s in enumerate(statements) if "INTO counted" in s)

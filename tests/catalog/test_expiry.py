"""How courses come to their end: warned twice, taken off sale at the moment, brought back."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text
from sqlalchemy.engine import Engine

import jobs
from domain.authoring import submission
from domain.base import clock
from domain.catalog import expiry, freshness, lifecycle
from domain.learning import access
from jobs import schedule
from models import (
    AuditEntry,
    Course,
    EmailMessage,
    Notification,
    ProductStatus,
    SearchDocument,
    UpdateState,
    User,
    db,
)
from tests.cast import Cast
from tests.catalog.shop import add_course


@pytest.fixture(autouse=True)
def _context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[datetime], None]:
    """Moves the clock."""
    return lambda moment: monkeypatch.setattr(clock, "now", lambda: moment)


def course_of(cast: Cast) -> Course:
    course = db.session.get_one(Course, cast.flask_course.id)
    db.session.get_one(Course, cast.free_course.id).expires_at = clock.now() + timedelta(days=2000)
    db.session.flush()
    return course


def end_of(course: Course) -> datetime:
    assert course.expires_at is not None
    return course.expires_at


def told(cast: Cast) -> list[str]:
    query = select(Notification.title).where(Notification.user_id == cast.ada.id)
    return list(db.session.scalars(query.order_by(Notification.created_at, Notification.id)))


def mails() -> int:
    return db.session.scalar(select(func.count(EmailMessage.id))) or 0


def test_creators_are_warned_at_thirty_and_at_seven_days_once_each(
    cast: Cast, at: Callable[[datetime], None]
) -> None:
    course = course_of(cast)
    end = end_of(course)
    warned = []
    for days in (31, 30, 29, 8, 7, 6, 1):
        at(end - timedelta(days=days))
        before = len(told(cast))
        expiry.warn()
        expiry.warn()
        warned.append((days, len(told(cast)) - before))
    assert warned == [(31, 0), (30, 1), (29, 0), (8, 0), (7, 1), (6, 0), (1, 0)]
    assert told(cast) == ["“Flask, first steps” expires soon"] * 2
    assert mails() == 2


def test_a_late_worker_warns_once(cast: Cast, at: Callable[[datetime], None]) -> None:
    course = course_of(cast)
    at(end_of(course) - timedelta(days=3))
    expiry.warn()
    expiry.warn()
    assert len(told(cast)) == 1


def test_a_warning_changes_nothing_that_the_catalogue_watches(
    cast: Cast, at: Callable[[datetime], None]
) -> None:
    course = course_of(cast)
    stamp = course.updated_at
    at(end_of(course) - timedelta(days=3))
    expiry.warn()
    db.session.refresh(course)
    assert (course.updated_at, course.warned_days) == (stamp, 7)


def test_an_update_starts_the_six_months_and_the_warnings_anew(
    cast: Cast, at: Callable[[datetime], None]
) -> None:
    course = course_of(cast)
    at(end_of(course) - timedelta(days=3))
    expiry.warn()
    db.session.refresh(course)
    lifecycle.content_changed(course, db.session.get_one(User, cast.ada.id))
    assert course.warned_days is None
    assert end_of(course) == freshness.fresh_until(clock.now())
    at(end_of(course) - timedelta(days=20))
    expiry.warn()
    assert len(told(cast)) == 2


def test_at_the_moment_a_course_leaves_the_shelf_and_its_owners_keep_it(
    cast: Cast, at: Callable[[datetime], None]
) -> None:
    course = course_of(cast)
    end = end_of(course)
    at(end - timedelta(seconds=1))
    expiry.expire()
    assert course.status == ProductStatus.PUBLISHED
    at(end)
    expiry.expire()
    expiry.expire()
    assert course.status == ProductStatus.EXPIRED
    assert db.session.scalar(select(SearchDocument.id).where(SearchDocument.product_id == course.id)) is None
    assert told(cast) == ["“Flask, first steps” has expired"]
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.subject_id == str(course.id))).one()
    assert (entry.action, entry.actor_id) == ("expire", None)
    assert access.decide(db.session.get_one(User, cast.bo.id), course).allowed
    assert access.decide(db.session.get_one(User, cast.cy.id), course).reason == access.DenialReason.EXPIRED


def test_an_expired_course_comes_back_when_it_is_submitted(
    cast: Cast, at: Callable[[datetime], None]
) -> None:
    course, ada = course_of(cast), db.session.get_one(User, cast.ada.id)
    at(end_of(course))
    expiry.expire()
    lifecycle.content_changed(course, ada)
    assert course.status == ProductStatus.EXPIRED, "an edit alone doesn't bring it back"
    db.session.get_one(
        type(cast.video_lesson), cast.video_lesson.id
    ).external_video_url = "https://vimeo.com/76979871"
    db.session.flush()
    assert submission.submit(course, ada)
    assert (course.status, end_of(course)) == (ProductStatus.PUBLISHED, freshness.fresh_until(clock.now()))


def test_an_update_that_waits_is_not_lost_when_the_course_runs_out(
    cast: Cast, at: Callable[[datetime], None]
) -> None:
    course = course_of(cast)
    course.update_state = UpdateState.PENDING
    at(end_of(course))
    expiry.expire()
    assert (course.status, course.update_state) == (ProductStatus.EXPIRED, UpdateState.PENDING)


def test_an_end_is_looked_at_once_and_found_in_the_index(cast: Cast, at: Callable[[datetime], None]) -> None:
    course, end = course_of(cast), clock.now() - timedelta(minutes=1)
    for status in (ProductStatus.EXPIRED, ProductStatus.ARCHIVED):
        add_course(cast, status.value, status=status, expires_at=end - timedelta(days=400))
    course.expires_at = end
    db.session.commit()
    asked: list[tuple[str, Any]] = []

    def note(_c: object, _cursor: object, statement: str, values: Any, *_more: object) -> None:
        if statement.startswith("SELECT") and "ended_at !=" in statement:
            asked.append((statement, values))

    bind = db.session.get_bind()
    event.listen(bind, "before_cursor_execute", note)
    try:
        expiry.expire()
    finally:
        event.remove(bind, "before_cursor_execute", note)
    db.session.commit()
    looked_at = [row.slug for row in db.session.scalars(select(Course).where(Course.ended_at.is_not(None)))]
    assert sorted(looked_at) == ["archived", "expired", "flask-first-steps"]
    on_postgresql = bind.dialect.name == "postgresql"
    explain = "EXPLAIN (ANALYZE)" if on_postgresql else "EXPLAIN QUERY PLAN"
    connection = db.session.connection()
    assert list(connection.exec_driver_sql(*asked[0])) == [], "nothing is left to look at"
    with connection.begin_nested() as for_a_moment:
        if on_postgresql:  # so few rows are sooner read whole, or by the index of all ends
            db.session.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off"))
            db.session.execute(text("DROP INDEX ix_courses_expires_at"))
        plan = "\n".join(
            str(tuple(row)) for row in connection.exec_driver_sql(f"{explain} {asked[0][0]}", asked[0][1])
        )
        for_a_moment.rollback()
    assert "ix_courses_still_to_end" in plan, plan

    course = db.session.get_one(Course, course.id)
    course.status = ProductStatus.PUBLISHED
    freshness.restart(course, clock.now())
    db.session.commit()
    at(end_of(course))
    expiry.expire()
    assert course.status == ProductStatus.EXPIRED, "the next end of a course that came back"


def test_both_are_on_the_schedule(cast: Cast) -> None:
    assert {"expire_courses", "warn_of_expiry"} <= {entry.kind for entry in schedule.SCHEDULE}
    course = course_of(cast)
    course.expires_at = clock.now() - timedelta(minutes=1)
    db.session.commit()
    jobs.plan_schedule(clock.now())
    db.session.commit()
    jobs.run_all()
    assert db.session.get_one(Course, course.id).status == ProductStatus.EXPIRED


def test_what_expires_is_listed_soonest_first_in_pages(cast: Cast) -> None:
    now = clock.now()
    for days in (40, 3, 20, 10, -1):
        add_course(cast, f"Ends in {days}", expires_at=now + timedelta(days=days))
    add_course(cast, "Gone", status=ProductStatus.EXPIRED, expires_at=now - timedelta(days=2))
    first = expiry.expiring(size=2)
    assert [course.title for course in first.rows] == ["Ends in -1", "Ends in 3"]
    second = expiry.expiring(first.after, size=2)
    assert [course.title for course in second.rows] == ["Ends in 10", "Ends in 20"]
    assert second.after is None
    assert {course.creator.name for course in second.rows} == {"Ada"}


def test_the_list_asks_few_questions(app: Flask, cast: Cast, signed_in: Callable[..., object]) -> None:
    for number in range(20):
        add_course(cast, f"Ends {number}", expires_at=clock.now() + timedelta(days=5, minutes=number))
    mo = signed_in(cast.mo)
    mo.get("/admin/expiring")  # type: ignore[attr-defined]
    asked: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    page = mo.get("/admin/expiring").text  # type: ignore[attr-defined]
    event.remove(Engine, "before_cursor_execute", note)
    assert "Ends 19" in page
    assert "ada@example.com" in page
    assert len(asked) <= 4, "\n".join(asked)

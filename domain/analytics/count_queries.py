"""Aggregation queries: each computes a part of the daily totals of courses, lessons or sources."""

import uuid
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Date, Select, String, Table, Uuid, and_, case, cast, func, select

from domain.analytics.day_queries import by_day, day_of, during, staged
from domain.community.reviews import hidden
from domain.platform.event_registry import EventName
from models import Enrollment, Event, Review

DIRECT = "direct"
# The counts of a course that come from events, which are deleted some day; others can always be recomputed.
SEEN = ("views", "visitors", "watch_seconds")
event = Event.__table__.c
_COURSE_VIEWS = and_(event.name == EventName.CONTENT_VIEW, event.lesson_id.is_(None))
_LESSON_VIEWS = and_(event.name == EventName.CONTENT_VIEW, event.lesson_id.is_not(None))
_LESSONS_DONE = event.name == EventName.LESSON_COMPLETED

COURSES = staged(
    "counted_courses", {"course_id": Uuid, "date": Date}, *SEEN, "enrollments", "completions", "rating_sum",
    "rating_count", "sales", "revenue_cents",
)  # fmt: skip
LESSONS = staged(
    "counted_lessons", {"lesson_id": Uuid, "date": Date},
    "starts", "completions", "watch_seconds",
)  # fmt: skip
SOURCES = staged("counted_sources", {"course_id": Uuid, "date": Date, "source": String(120)}, "views")


def from_rows(dialect: str) -> Iterator[tuple[Table, Select[Any]]]:
    """Build the queries that read what stays, each with the temporary table it fills."""
    yield COURSES, _enrolments(dialect)
    yield COURSES, _completions(dialect)
    yield COURSES, _ratings(dialect)


def course_queries(dialect: str, course_id: uuid.UUID) -> list[Select[Any]]:
    """Build the queries whose results may change for past days: completions and ratings."""
    enrolled, reviewed = Enrollment.__table__.c, Review.__table__.c
    return [
        _completions(dialect).where(enrolled.course_id == course_id),
        _ratings(dialect).where(reviewed.product_id == course_id),
    ]


def from_events(dialect: str) -> Iterator[tuple[Table, Select[Any]]]:
    """Build the queries that read events, each with the temporary table it fills."""
    day = day_of(event.created_at, dialect).label("date")
    seconds = func.sum(event.properties["seconds"].as_integer()).label("watch_seconds")
    of_course = and_(*during(event.created_at), event.course_id.is_not(None))
    views = _by_person(dialect, _COURSE_VIEWS, func.nullif(event.visitor, ""), event.course_id)
    yield (
        COURSES,
        select(
            views.c.course_id, views.c.date, func.sum(views.c.times).label("views"),
            func.count(views.c.person).label("visitors"),
        ).group_by(views.c.course_id, views.c.date),
    )  # fmt: skip
    watched = and_(event.name == EventName.LESSON_WATCHED, of_course)
    yield COURSES, select(event.course_id, day, seconds).where(watched).group_by(event.course_id, day)
    keys = (event.lesson_id, day)
    watched = and_(watched, event.lesson_id.is_not(None))
    yield LESSONS, select(*keys, seconds).where(watched).group_by(*keys)
    for which, label in ((_LESSON_VIEWS, "starts"), (_LESSONS_DONE, "completions")):
        people = _by_person(dialect, which, _person(), event.lesson_id)
        # Anonymous visitors can't be told apart, so each of their events counts.
        several = func.sum(case((people.c.person.is_(None), people.c.times), else_=1)).label(label)
        by = (people.c.lesson_id, people.c.date)
        yield LESSONS, select(*by, several).where(people.c.lesson_id.is_not(None)).group_by(*by)
    source = func.coalesce(func.nullif(event.referrer, ""), DIRECT).label("source")
    viewed = and_(_COURSE_VIEWS, of_course)
    count = func.count().label("views")
    by_source = select(event.course_id, day, source, count).where(viewed)
    yield SOURCES, by_source.group_by(event.course_id, day, source)


def _by_person(dialect: str, which: ColumnElement[bool], person: ColumnElement[Any], *keys: Any) -> Any:
    """Count the events of each person per day: one row per person, to be aggregated again.

    On both databases faster than count(DISTINCT …).
    """
    day = day_of(event.created_at, dialect).label("date")
    grouped = (*keys, day, person.label("person"))
    return (
        select(*grouped, func.count().label("times"))
        .where(which, *during(event.created_at), event.course_id.is_not(None))
        .group_by(*grouped)
        .subquery()
    )


def _person() -> ColumnElement[Any]:
    return func.coalesce(cast(event.user_id, String), func.nullif(event.visitor, ""))


def _enrolments(dialect: str) -> Select[Any]:
    row = Enrollment.__table__.c
    return by_day(row.course_id, row.enrolled_at, dialect, enrollments=func.count())


def _completions(dialect: str) -> Select[Any]:
    row = Enrollment.__table__.c
    return by_day(row.course_id, row.completed_at, dialect, completions=func.count())


def _ratings(dialect: str) -> Select[Any]:
    """Aggregate the ratings of visible reviews; `flagged` is compared so that its index can be used."""
    row = Review.__table__.c
    sums = {"rating_sum": func.sum(row.rating), "rating_count": func.count()}
    counted = by_day(row.product_id.label("course_id"), row.created_at, dialect, **sums)
    return counted.where(row.flagged.in_([False, True]), ~hidden())

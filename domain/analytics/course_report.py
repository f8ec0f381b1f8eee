"""The report of a course over a period, read from the daily totals: funnel, lessons, ratings, sources."""

import datetime as dt
import uuid
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Date, Uuid, bindparam, func, select

from domain.analytics import reporting_periods
from domain.analytics.reporting_periods import Period
from domain.base import clock
from domain.catalog import shown_lessons
from models import Course, CourseAnalytics, CourseSource, Lesson, LessonAnalytics, Module, db

MOST_SOURCES = 12

total, by_lesson, source, lesson, module = (
    t.__table__.c for t in (CourseAnalytics, LessonAnalytics, CourseSource, Lesson, Module)
)


class DayCounts(NamedTuple):
    """Totals of a course on one day (UTC), or on several days that begin with `date`."""

    date: dt.date
    views: int
    visitors: int
    enrollments: int
    completions: int
    watch_seconds: int
    rating_sum: int
    rating_count: int
    sales: int
    revenue_cents: int

    @property
    def rating(self) -> float:
        """Return the average rating, 0 without any."""
        return self.rating_sum / (self.rating_count or 1)


class LessonCounts(NamedTuple):
    """A lesson in the order of the course; starts and completions count each learner once a day."""

    id: uuid.UUID
    title: str
    module: str
    starts: int
    completions: int
    watch_seconds: int


@dataclass(frozen=True)
class CourseReport:
    """The report of a period. `steps` are days, weeks or months, oldest first, without gaps."""

    period: Period
    first: dt.date
    last: dt.date
    sum: DayCounts
    days: list[DayCounts]
    steps: list[tuple[str, DayCounts]]
    lessons: list[LessonCounts]
    sources: list[tuple[str, int]] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Tell whether there are no events at all."""
        return not any(self.sum[1:])

    def points(self, name: str) -> list[tuple[str, int]]:
        """Return one count per step, as `ui.chart` shows it."""
        return [(step, getattr(day, name)) for step, day in self.steps]


def load(course: Course, period: Period) -> CourseReport:
    """Load the report of `period`. Three queries."""
    first, last = period.first(), clock.now().date()
    values = {"course": course.id, "first": first}
    connection = db.session.connection()
    days = [DayCounts._make(row) for row in connection.execute(_DAYS, values)]
    return CourseReport(
        period=period,
        first=first,
        last=last,
        sum=_added(first, days),
        days=days,
        steps=[(name, _added(start, some)) for name, start, some in reporting_periods.steps(period, days)],
        lessons=[LessonCounts(*row) for row in connection.execute(_LESSONS, values)],
        sources=[(name, views) for name, views in connection.execute(_SOURCES, values)],
    )


def _added(first: dt.date, days: list[DayCounts]) -> DayCounts:
    """Sum up `days`, which begin on `first`."""
    counts = [list(day[1:]) for day in days]
    return DayCounts._make([first, *(map(sum, zip(*counts, strict=True)) if counts else [0] * 9)])


_COURSE, _FIRST = bindparam("course", type_=Uuid()), bindparam("first", type_=Date())
_DAYS = (
    select(
        total.date, total.views, total.visitors, total.enrollments, total.completions, total.watch_seconds,
        total.rating_sum, total.rating_count, total.sales, total.revenue_cents,
    )
    .where(total.course_id == _COURSE, total.date >= _FIRST)
    .order_by(total.date)
)  # fmt: skip
_PER_LESSON = (
    select(
        by_lesson.lesson_id,
        func.sum(by_lesson.starts).label("starts"),
        func.sum(by_lesson.completions).label("completions"),
        func.sum(by_lesson.watch_seconds).label("watch_seconds"),
    )
    .where(by_lesson.course_id == _COURSE, by_lesson.date >= _FIRST)
    .group_by(by_lesson.lesson_id)
    .subquery()
)


def _whole(column: Any) -> Any:
    return func.coalesce(column, 0)


_LESSONS = (
    select(
        lesson.id, lesson.title, module.title, _whole(_PER_LESSON.c.starts),
        _whole(_PER_LESSON.c.completions), _whole(_PER_LESSON.c.watch_seconds),
    )
    .select_from(
        Lesson.__table__.join(Module.__table__, module.id == lesson.module_id).outerjoin(
            _PER_LESSON, _PER_LESSON.c.lesson_id == lesson.id
        )
    )
    .where(lesson.course_id == _COURSE, shown_lessons.shown())
    .order_by(module.position, lesson.position)
)  # fmt: skip
_SOURCES = (
    select(source.source, func.sum(source.views).label("views"))
    .where(source.course_id == _COURSE, source.date >= _FIRST)
    .group_by(source.source)
    .order_by(func.sum(source.views).desc(), source.source)
    .limit(MOST_SOURCES)
)

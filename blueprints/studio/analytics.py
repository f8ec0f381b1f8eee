"""Routes of a course's analytics."""

import uuid
from collections.abc import Callable, Iterable

from flask import abort
from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.course_editor import course_of
from domain.analytics import course_report
from domain.analytics.course_report import CourseReport, Period
from domain.base import money
from models import Course
from web import hypermedia
from web.csv_downloads import csv_of
from web.query_args import choice_arg
from web.reauthentication import fresh_page

Rows = Iterable[list[object]]
SOURCES = {"direct": "Direct or unknown", "internal": "Other pages on this site"}


@bp.get("/courses/<uuid:course_id>/analytics")
def analytics(course_id: uuid.UUID) -> Response:
    """Show the funnel from page view to last lesson over a period."""
    course = course_of(course_id)
    numbers = course_report.load(course, choice_arg("period", Period, Period.MONTH))
    return hypermedia.render(
        "studio/analytics.html",
        "studio/_analytics.html",
        course=course,
        numbers=numbers,
        periods=list(Period),
        sources=[(SOURCES.get(name, name), views, None) for name, views in numbers.sources],
        ratings=[(name, step.rating) for name, step in numbers.steps],
        ratings_shown=[f"{s.rating:.1f}" if s.rating_count else "–" for _, s in numbers.steps],
    )


@bp.get("/courses/<uuid:course_id>/analytics/<table>.csv")
@fresh_page
def analytics_file(course_id: uuid.UUID, table: str) -> Response:
    """Export one of the page's tables as CSV: days, lessons, ratings or sources."""
    course = course_of(course_id)
    if table not in _TABLES:
        abort(404)
    head, rows_of = _TABLES[table]
    numbers = course_report.load(course, choice_arg("period", Period, Period.MONTH))
    name = f"{course.slug}-{table}-{numbers.period.value}"
    return csv_of(name, head, rows_of(numbers, course))


def _days(numbers: CourseReport, course: Course) -> Rows:
    for day in numbers.days:
        yield [
            day.date, day.views, day.visitors, day.enrollments, day.completions, day.watch_seconds, day.sales,
            money.plain(day.revenue_cents, course.currency), course.currency.upper(),
        ]  # fmt: skip


def _lessons(numbers: CourseReport, _course: Course) -> Rows:
    for line in numbers.lessons:
        yield [line.module, line.title, line.starts, line.completions, line.watch_seconds]


def _ratings(numbers: CourseReport, _course: Course) -> Rows:
    for day in numbers.days:
        if day.rating_count:
            yield [day.date, day.rating_count, f"{day.rating:.2f}"]


def _sources(numbers: CourseReport, _course: Course) -> Rows:
    yield from ([source, views] for source, views in numbers.sources)


_TABLES: dict[str, tuple[list[str], Callable[[CourseReport, Course], Rows]]] = {
    "days": (
        [
            "Day (UTC)", "Views", "Visitors", "Enrolments", "Completions", "Watched seconds", "Sales",
            "Revenue", "Currency",
        ],
        _days,
    ),
    "lessons": (["Module", "Lesson", "Starts", "Completions", "Watched seconds"], _lessons),
    "ratings": (["Day (UTC)", "Reviews", "Average rating"], _ratings),
    "sources": (["Source", "Views"], _sources),
}  # fmt: skip

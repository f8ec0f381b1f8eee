"""Routes of the analytics of a course, and of a bundle."""

import uuid
from collections.abc import Callable, Iterable

from flask import abort
from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.bundle_editor import bundle_of
from blueprints.studio.course_editor import course_of
from domain.analytics import conversion_report, course_report
from domain.analytics.course_report import CourseReport
from domain.analytics.reporting_periods import Period
from domain.base import money
from models import Course, Product
from web import hypermedia
from web.csv_downloads import csv_of
from web.query_args import choice_arg
from web.reauthentication import fresh_page

Rows = Iterable[list[object]]
SALES_HEAD = [
    "Day (UTC)", "Views", "Added to carts", "Checkouts begun", "Paid", "Revenue without tax", "Currency",
]  # fmt: skip
SOURCES = {"direct": "Direct or unknown", "internal": "Other pages on this site"}


@bp.get("/courses/<uuid:course_id>/analytics")
def analytics(course_id: uuid.UUID) -> Response:
    """Show the funnel from page view to last lesson over a period."""
    course, period = course_of(course_id), _period()
    numbers = course_report.load(course, period)
    return hypermedia.render(
        "studio/analytics.html",
        "studio/_analytics.html",
        course=course,
        numbers=numbers,
        sales=conversion_report.of_product(course, period),
        periods=list(Period),
        sources=[(SOURCES.get(name, name), views, None) for name, views in numbers.sources],
        ratings=[(name, step.rating) for name, step in numbers.steps],
        ratings_shown=[f"{s.rating:.1f}" if s.rating_count else "–" for _, s in numbers.steps],
    )


@bp.get("/courses/<uuid:course_id>/analytics/<table>.csv")
@fresh_page
def analytics_file(course_id: uuid.UUID, table: str) -> Response:
    """Export one of the page's tables as CSV: days, sales, lessons, ratings or sources."""
    course = course_of(course_id)
    if table == "sales":
        return _sales_file(course)
    if table not in _TABLES:
        abort(404)
    head, rows_of = _TABLES[table]
    numbers = course_report.load(course, _period())
    name = f"{course.slug}-{table}-{numbers.period.value}"
    return csv_of(name, head, rows_of(numbers, course))


@bp.get("/bundles/<uuid:bundle_id>/analytics")
def bundle_analytics(bundle_id: uuid.UUID) -> Response:
    """Show a bundle's way from page view to sale over a period."""
    bundle = bundle_of(bundle_id)
    return hypermedia.render(
        "studio/bundle/analytics.html",
        "studio/bundle/_analytics.html",
        bundle=bundle,
        sales=conversion_report.of_product(bundle, _period()),
        periods=list(Period),
    )


@bp.get("/bundles/<uuid:bundle_id>/analytics/sales.csv")
@fresh_page
def bundle_analytics_file(bundle_id: uuid.UUID) -> Response:
    """Export a bundle's days as CSV."""
    return _sales_file(bundle_of(bundle_id))


def _sales_file(product: Product) -> Response:
    figures, currency = conversion_report.of_product(product, _period()), product.currency
    rows = ([*day[:-1], money.plain(day.revenue_cents, currency), currency.upper()] for day in figures.days)
    return csv_of(f"{product.slug}-sales-{figures.period.value}", SALES_HEAD, rows)


def _period() -> Period:
    return choice_arg("period", Period, Period.MONTH)


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

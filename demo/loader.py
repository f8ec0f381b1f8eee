"""The loader of the demo marketplace: once, in one transaction, deterministic."""

import itertools
from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import select

import media
from demo import (
    analytics_events,
    books,
    bundles,
    catalog,
    coupons,
    disputes,
    film_rendering,
    gifts,
    orders,
    payouts,
    pending_work,
    refund_requests,
    source,
    taxes,
)
from domain.analytics import daily_counts
from domain.base import clock, highlighting
from models import Course, Lesson, PlatformSettings, Role, Tag, User, db

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is."""


def is_loaded() -> bool:
    """Tell if the demo was loaded before."""
    return db.session.scalar(select(User.id).where(User.email == "creator@example.com")) is not None


def load(progress: Progress, with_films: bool = True) -> int:
    """Insert the whole demo into an empty database and flush; returns the number of courses.

    Films are rendered with PyAV; without it (or with `with_films` off) their lessons keep their text.
    """
    now = clock.now()
    if db.session.get(PlatformSettings, 1) is None:
        db.session.add(PlatformSettings(id=1))
    people = catalog.add_people(source.people(), now)
    categories = catalog.add_categories(source.categories())
    sources = source.courses()
    courses, tags = {}, dict[str, Tag]()
    with highlighting.one_process():
        for number, one in enumerate(sources, 1):
            courses[one.slug] = catalog.add_course(one, people, categories, tags, now)
            progress("Courses", number, len(sources))
    catalog.link_prerequisites(sources, courses)
    bundles.add_bundles(source.bundles(), people, categories, courses, now)
    rows = source.reviews()
    learners = [user for user in people.values() if user.role == Role.LEARNER]
    newcomer = people["newlearner@example.com"]
    buyers = [user for user in dict.fromkeys(learners) if user is not newcomer]
    sales = orders.spread(courses, rows["sales_weight"], buyers, now - timedelta(hours=1))
    sales += _for_the_demo_learner(sales, courses, people, now)
    sales.sort(key=lambda sale: (sale.at, sale.course.slug))
    codes = coupons.DemoCoupons(people["creator@example.com"], now)
    orders.add_sales(sales, now, codes)
    learner, (on_its_way, *others) = _not_yet_theirs(sales, courses, people, now)
    orders.add_payment_under_way(learner, on_its_way, now)
    friend = next(sale.learner for sale in sales if sale.learner is not learner)
    gifts.add_gifts(learner, friend, others[:3], now)
    orders.issue_invoices()
    taxes.add_euro_rates()
    refund_requests.add_requests(learner, now)
    written = orders.add_reviews(rows["reviews"], courses, sales, now)
    disputes.add_disputes(now)
    progress("A year of orders and reviews", 1, 1)
    analytics_events.add_events(sales, now)
    progress("A year of visits", 1, 1)
    _fill_desks(sources, courses, people, written, now)
    progress("Desks", 1, 1)
    creators = [user for user in dict.fromkeys(people.values()) if user.role == Role.CREATOR]
    payouts.add_payouts(creators, now)
    progress("A year of payouts", 1, 1)
    books.add_books(people["admin@example.com"], now)
    if with_films:
        _add_films(sources, courses, progress)
    db.session.flush()
    return len(courses)


def add_up(progress: Progress) -> None:
    """Aggregate the daily totals of the year; what was loaded must be committed."""
    first, today = daily_counts.first_day(), clock.now().date()
    db.session.rollback()
    if first is not None:
        total = (today - first).days + 1
        for done in daily_counts.count(first, today):
            progress("Days", done, total)


def _fill_desks(
    sources: list[source.CourseSource],
    courses: dict[str, Course],
    people: dict[str, User],
    written: pending_work.Written,
    now: datetime,
) -> None:
    rows, admin = source.desks(), people["admin@example.com"]
    db.session.flush()
    pending_work.introduce_shop(rows["about"])
    pending_work.submit_courses(sources, courses, admin, now)
    pending_work.apply_to_teach(rows["application"], people, now)
    pending_work.report_reviews(written, people, now)
    pending_work.report_courses(rows["course_reports"], courses, people, now)
    pending_work.tell_of_money(rows["alert"], admin, now)
    pending_work.add_wishes(rows["wishes"], courses, people, now)
    pending_work.fill_carts(rows["cart"], courses, people, now)
    pending_work.agree_to_marketing(rows["consents"], people, now)
    pending_work.tell_of_reviews(written, courses, now)
    pending_work.tell(rows["notifications"], people, now)


def _for_the_demo_learner(
    sales: list[orders.Sale], courses: dict[str, Course], people: dict[str, User], now: datetime
) -> list[orders.Sale]:
    """List extra sales to the demo's learner: the featured courses not drawn by chance."""
    learner = people["learner@example.com"]
    owned = {sale.course.slug for sale in sales if sale.learner is learner}
    shown = [slug for slug, course in courses.items() if course.featured and slug not in owned]
    return [
        orders.Sale(courses[slug], learner, now - timedelta(days=9 * n)) for n, slug in enumerate(shown, 1)
    ]


def _not_yet_theirs(
    sales: list[orders.Sale], courses: dict[str, Course], people: dict[str, User], now: datetime
) -> tuple[User, list[Course]]:
    """Choose the demo's learner, and courses on sale for a month that they neither own nor wish for."""
    learner = people["learner@example.com"]
    taken = {sale.course.slug for sale in sales if sale.learner is learner}
    taken |= {row["course"] for row in source.desks()["wishes"]}
    sold = [course for _, course in sorted(courses.items()) if course.published_at and course.price_cents]
    month = now - timedelta(days=30)
    return learner, [c for c in sold if c.slug not in taken and c.published_at and c.published_at < month]


def _add_films(sources: list[source.CourseSource], courses: dict[str, Course], progress: Progress) -> None:
    lessons = {(lesson.course_id, lesson.title): lesson for lesson in db.session.scalars(select(Lesson))}
    showings = [
        film_rendering.Screening(lessons[courses[one.slug].id, row["title"]], script)
        for one in sources
        for row in one.lessons()
        if (script := one.film(row)) is not None
    ]
    if not showings or not media.available():
        progress("Films (left out: the video extra isn't installed)", 0, 0)
        return
    finished = itertools.count(1)
    film_rendering.render_all(showings, lambda: progress("Films", next(finished), len(showings)))

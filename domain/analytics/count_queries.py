"""Aggregation queries: each computes a part of the daily totals of courses, lessons, sources or sales."""

import uuid
from collections.abc import Iterator
from functools import cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    MetaData,
    Select,
    String,
    Table,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    func,
    or_,
    select,
)

from domain.community.reviews import hidden
from domain.ledger.states import BOUGHT
from domain.platform.event_registry import EventName
from models import (
    Enrollment,
    Event,
    Order,
    Product,
    Purchase,
    PurchaseShare,
    Review,
    UtcDateTime,
)

DIRECT = "direct"
# The counts of a course that come from events, which are deleted some day; others can always be recomputed.
SEEN = ("views", "visitors", "watch_seconds")
event, purchase = Event.__table__.c, Purchase.__table__.c
_COURSE_VIEWS = and_(event.name == EventName.CONTENT_VIEW, event.lesson_id.is_(None))
_LESSON_VIEWS = and_(event.name == EventName.CONTENT_VIEW, event.lesson_id.is_not(None))
_LESSONS_DONE = event.name == EventName.LESSON_COMPLETED
_START, _STOP = (bindparam(name, type_=UtcDateTime()) for name in ("start", "stop"))


def _staged(name: str, keys: dict[str, Any], *counts: str) -> Table:
    """Define a temporary table that collects the parts of one total."""
    columns = [Column(key, kind) for key, kind in keys.items()]
    columns += [Column(count, BigInteger, nullable=False, server_default="0") for count in counts]
    return Table(name, MetaData(), *columns, prefixes=["TEMPORARY"])


COURSES = _staged(
    "counted_courses", {"course_id": Uuid, "date": Date}, *SEEN, "enrollments", "completions", "rating_sum",
    "rating_count", "sales", "revenue_cents",
)  # fmt: skip
LESSONS = _staged(
    "counted_lessons", {"lesson_id": Uuid, "date": Date},
    "starts", "completions", "watch_seconds",
)  # fmt: skip
SOURCES = _staged("counted_sources", {"course_id": Uuid, "date": Date, "source": String(120)}, "views")
SALES = _staged(
    "counted_sales", {"date": Date, "currency": String(3)},
    "sales", "gross_cents", "fee_cents", "refunded_cents",
)  # fmt: skip
STAGED = (COURSES, LESSONS, SOURCES, SALES)


@cache
def parts(dialect: str, seen: bool) -> list[tuple[Table, Select[Any]]]:
    """Build the queries, each with the temporary table it fills; `start` and `stop` are bound parameters.

    `seen`: include those that read events.
    """
    found = [
        (COURSES, _enrolments(dialect)),
        (COURSES, _completions(dialect)),
        (COURSES, _ratings(dialect)),
        *_sales(dialect),
    ]
    return [*_events(dialect), *found] if seen else found


def course_queries(dialect: str, course_id: uuid.UUID) -> list[Select[Any]]:
    """Build the queries whose results may change for past days: completions and ratings."""
    enrolled, reviewed = Enrollment.__table__.c, Review.__table__.c
    return [
        _completions(dialect).where(enrolled.course_id == course_id),
        _ratings(dialect).where(reviewed.product_id == course_id),
    ]


def _events(dialect: str) -> Iterator[tuple[Table, Select[Any]]]:
    day = _day(event.created_at, dialect).label("date")
    seconds = func.sum(event.properties["seconds"].as_integer()).label("watch_seconds")
    of_course = and_(*_during(event.created_at), event.course_id.is_not(None))
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
    day = _day(event.created_at, dialect).label("date")
    grouped = (*keys, day, person.label("person"))
    return (
        select(*grouped, func.count().label("times"))
        .where(which, *_during(event.created_at), event.course_id.is_not(None))
        .group_by(*grouped)
        .subquery()
    )


def _person() -> ColumnElement[Any]:
    return func.coalesce(cast(event.user_id, String), func.nullif(event.visitor, ""))


def _enrolments(dialect: str) -> Select[Any]:
    row = Enrollment.__table__.c
    return _count(row.course_id, row.enrolled_at, dialect, enrollments=func.count())


def _completions(dialect: str) -> Select[Any]:
    row = Enrollment.__table__.c
    return _count(row.course_id, row.completed_at, dialect, completions=func.count())


def _ratings(dialect: str) -> Select[Any]:
    """Aggregate the ratings of visible reviews; `flagged` is compared so that its index can be used."""
    row = Review.__table__.c
    sums = {"rating_sum": func.sum(row.rating), "rating_count": func.count()}
    counted = _count(row.product_id.label("course_id"), row.created_at, dialect, **sums)
    return counted.where(row.flagged.in_([False, True]), ~hidden())


def _sales(dialect: str) -> Iterator[tuple[Table, Select[Any]]]:
    """Aggregate purchases by the day of payment, and refunds by the day of the refund.

    A course's revenue is its shares of purchases in its present currency; others are in the shop's totals
    alone.
    """
    order, product, share = Order.__table__.c, Product.__table__.c, PurchaseShare.__table__.c
    ordered = order.id == purchase.order_id
    own = and_(product.id == purchase.product_id, product.currency == purchase.currency)
    is_bought = purchase.status.in_(BOUGHT)
    tables = Order.__table__.join(Purchase.__table__, ordered)
    shared = tables.join(PurchaseShare.__table__, share.purchase_id == purchase.id).join(
        Product.__table__, and_(product.id == share.course_id, product.currency == purchase.currency)
    )
    bought = {"sales": func.count(), "revenue_cents": func.sum(share.amount_cents)}
    # What a bundle gave for nothing isn't sold: a free course of it, or one that earlier buyers got later.
    is_sold = or_(share.amount_cents > 0, purchase.product_id == share.course_id)
    sold = _count(share.course_id, order.completed_at, dialect, **bought).where(is_bought, is_sold)
    yield COURSES, sold.select_from(shared)
    course_id = purchase.product_id.label("course_id")
    back = _count(course_id, purchase.refunded_at, dialect, revenue_cents=-func.sum(purchase.refunded_cents))
    yield COURSES, back.select_from(Purchase.__table__.join(Product.__table__, own)).where(is_bought)
    fee = select(func.sum(share.platform_fee_cents)).where(share.purchase_id == purchase.id).scalar_subquery()
    shop = {
        "sales": func.count(),
        "gross_cents": func.sum(purchase.amount_cents),
        "fee_cents": func.sum(fee),
    }
    sold = _count(purchase.currency, order.completed_at, dialect, **shop)
    yield SALES, sold.select_from(tables).where(is_bought)
    returned = func.sum(purchase.refunded_cents)
    yield (
        SALES,
        _count(purchase.currency, purchase.refunded_at, dialect, refunded_cents=returned).where(is_bought),
    )


def _count(key: Any, moment: Any, dialect: str, **sums: Any) -> Select[Any]:
    """Select `sums` grouped by `key` and the day of `moment`."""
    day = _day(moment, dialect).label("date")
    counted = (value.label(name) for name, value in sums.items())
    return select(key, day, *counted).where(*_during(moment)).group_by(key, day)


def _during(moment: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return moment >= _START, moment < _STOP


def _day(moment: Any, dialect: str) -> Any:
    """Convert `moment` to its day (UTC), in the form that the database stores dates."""
    if dialect == "postgresql":
        return cast(func.timezone("UTC", moment), Date)
    return func.substr(moment, 1, 10)

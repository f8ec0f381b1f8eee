"""The tables of daily totals: how the parts of each are collected, added up and written."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Table, and_, delete, func, insert, select, true, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateTable, DropTable

from domain.analytics import conversion_queries, count_queries, sales_queries
from domain.analytics.conversion_queries import COUPONS, PRODUCTS, REFUSALS, SHOP
from domain.analytics.count_queries import COURSES, LESSONS, SOURCES
from domain.analytics.day_queries import Parts
from domain.analytics.sales_queries import SALES
from models import (
    Base,
    Coupon,
    CouponDay,
    CouponRefusalDay,
    Course,
    CourseAnalytics,
    CourseSource,
    DailySales,
    Lesson,
    LessonAnalytics,
    Product,
    ProductDay,
    ShopDay,
)


@dataclass(frozen=True)
class Total:
    """A table of daily totals, and the temporary table in which its parts are collected.

    `seen` names the counts that come from events, which are deleted some day; others can always be computed
    anew. `parent` is the table that its first key refers to, whose rows may be deleted meanwhile; `copied`
    are columns taken from there.
    """

    staged: Table
    model: type[Base]
    keys: tuple[str, ...]
    seen: tuple[str, ...] = ()
    parent: type[Base] | None = None
    copied: tuple[str, ...] = ()

    def counts(self, seen: bool) -> list[str]:
        """List the counts to write: all, or without `seen` those that don't come from events."""
        names = [column.name for column in self.staged.columns if column.name not in self.keys]
        return [name for name in names if seen or name not in self.seen]


TOTALS = (
    Total(COURSES, CourseAnalytics, ("course_id", "date"), count_queries.SEEN, Course),
    Total(
        LESSONS, LessonAnalytics, ("lesson_id", "date"), ("starts", "completions", "watch_seconds"), Lesson,
        ("course_id",),
    ),
    Total(SOURCES, CourseSource, ("course_id", "date", "source"), ("views",), Course),
    Total(SALES, DailySales, ("date", "currency")),
    Total(PRODUCTS, ProductDay, ("product_id", "date"), ("views", "cart_adds"), Product),
    Total(SHOP, ShopDay, ("date",), ("views", "cart_adds", "codes_fitted", "codes_refused")),
    Total(COUPONS, CouponDay, ("coupon_id", "date"), ("fitted",), Coupon),
    Total(REFUSALS, CouponRefusalDay, ("coupon_id", "date", "reason"), ("times",), Coupon),
)  # fmt: skip


def stage(connection: Connection, start: datetime, stop: datetime, seen: bool) -> None:
    """Fill the temporary tables with the parts of every total; `seen`: also with those of events."""
    for total in TOTALS:
        connection.execute(DropTable(total.staged, if_exists=True))
        connection.execute(CreateTable(total.staged))
    for table, query in _parts(connection.dialect.name, seen):
        names = [column.name for column in query.selected_columns]
        values = {"start": start, "stop": stop}
        connection.execute(insert(table).from_select(names, query, include_defaults=False), values)


def write(connection: Connection, start: dt.date, stop: dt.date, seen: bool) -> None:
    """Overwrite the totals of the days from `start` to before `stop`; what was deleted meanwhile is skipped.

    Without `seen` the counts of events stay as they are.
    """
    days = [start + timedelta(days=number) for number in range((stop - start).days)]
    connection.execute(_upsert(connection, ShopDay).on_conflict_do_nothing(), [{"date": day} for day in days])
    for total in TOTALS:
        counts = total.counts(seen)
        if counts:
            _clear(connection, total, counts, start, stop)
            _merge(connection, total, counts)
        connection.execute(DropTable(total.staged))


@cache
def _parts(dialect: str, seen: bool) -> Parts:
    def found() -> Iterator[Any]:
        if seen:
            yield from count_queries.from_events(dialect)
            yield from conversion_queries.from_events(dialect)
        yield from count_queries.from_rows(dialect)
        yield from sales_queries.parts(dialect)
        yield from conversion_queries.from_orders(dialect)

    return list(found())


def _clear(connection: Connection, total: Total, counts: list[str], start: dt.date, stop: dt.date) -> None:
    """Set the counts of the span to 0; rows that hold nothing else are deleted."""
    table = total.model.__table__
    span = and_(table.c.date >= start, table.c.date < stop)
    if total.seen:
        connection.execute(update(total.model).where(span).values(dict.fromkeys(counts, 0)))
    else:
        connection.execute(delete(total.model).where(span))


def _merge(connection: Connection, total: Total, counts: list[str]) -> None:
    """Sum the parts by their keys and upsert the sums."""
    parts, found = total.staged.c, total.staged
    by: list[Any] = [parts[key] for key in total.keys]
    if total.parent is not None:
        parent: Any = total.parent.__table__
        found = found.join(parent, parent.c.id == by[0])  # type: ignore[assignment]
        by += [parent.c[name] for name in total.copied]
    sums = (func.sum(parts[name]) for name in counts)
    # Without a WHERE, SQLite would parse ON CONFLICT as a join condition.
    query = select(*by, *sums).select_from(found).where(true()).group_by(*by)
    row = _upsert(connection, total.model).from_select([*(column.name for column in by), *counts], query)
    written = {name: row.excluded[name] for name in counts}
    connection.execute(row.on_conflict_do_update(index_elements=list(total.keys), set_=written))


def _upsert(connection: Connection, model: type[Base]) -> Any:
    dialect: Any = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(model)

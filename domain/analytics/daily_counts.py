"""Daily totals (UTC), aggregated from events, purchases, enrollments and reviews.

Counting is idempotent: a span of days is always counted as a whole and overwrites its rows, and `flask stats
rebuild` gives the same result. Counting uses temporary tables and blocks nobody; only writing the results
takes SQLite's write lock. Days whose events were deleted keep their totals.
"""

import datetime as dt
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta

from flask import current_app
from sqlalchemy import Connection, delete, func, select, update

from domain.analytics import daily_totals, product_periods
from domain.analytics.count_queries import course_queries
from domain.base import clock
from models import Course, CourseAnalytics, Enrollment, Event, Order, Review, ShopDay, db

SPAN = timedelta(days=31)
MOST_REMOVED = 20_000
CORRECTED = ("completions", "rating_sum", "rating_count")
_BEGINNING = datetime(2000, 1, 1, tzinfo=UTC)


def begin() -> list[str]:
    """Compute the first and last day to count: from the day before the last counted one, or from yesterday.

    The last events of a day are written after midnight.
    """
    today, day = clock.now().date(), timedelta(days=1)
    last = _last_counted()
    since = last - day if last else first_day() or today
    return [min(since, today - day).isoformat(), today.isoformat()]


def work(days: list[str]) -> None:
    """Count these days, a span at a time, each in transactions of its own."""
    for _ in count(dt.date.fromisoformat(days[0]), dt.date.fromisoformat(days[1])):
        pass


def end(_days: list[str], _result: None) -> None:
    """Delete events past their retention; their totals are written by now."""
    remove_old()


def count(first: dt.date, last: dt.date) -> Iterator[int]:
    """Count the days from `first` to `last`; yields the number of days done after each span.

    Uses connections and transactions of its own.
    """
    since = _first_seen()
    start, done = first, 0
    while start <= last:
        stop = min(start + SPAN, last + timedelta(days=1))
        if since is not None and start < since < stop:
            stop = since
        with db.engine.connect() as connection:
            _count_span(connection, start, stop, seen=since is not None and start >= since)
        done += (stop - start).days
        start = stop
        yield done
    product_periods.add_up()


def correct(course_id: str) -> None:
    """Recompute the completions and ratings of a course for all days, as a job: some were taken back.

    Days that aren't counted yet are left to `work`, which begins where the rows end. Other products have no
    daily totals of their own: what their sales pay is counted with the courses in their shares.
    """
    id_ = uuid.UUID(course_id)
    if db.session.scalar(select(Course.__table__.c.id).where(Course.__table__.c.id == id_)) is None:
        return
    connection = db.session.connection()
    true_: dict[dt.date, dict[str, int]] = {}
    for query in course_queries(connection.dialect.name, id_):
        for row in connection.execute(query, {"start": _BEGINNING, "stop": clock.now()}).mappings():
            counts = {name: int(row[name]) for name in CORRECTED if name in row}
            true_.setdefault(dt.date.fromisoformat(str(row["date"])), {}).update(counts)
    total = CourseAnalytics.__table__.c
    own = CourseAnalytics.course_id == id_
    days = select(total.date, *(total[name] for name in CORRECTED)).where(own)
    written = db.session.execute(days).all()
    for was in written:
        right = dict.fromkeys(CORRECTED, 0) | true_.get(was.date, {})
        if [getattr(was, name) for name in CORRECTED] != list(right.values()):
            db.session.execute(update(CourseAnalytics).where(own, total.date == was.date).values(right))
    known, last = {row.date for row in written}, _last_counted()
    for day in true_.keys() - known:
        if last is not None and day <= last:
            db.session.add(CourseAnalytics(course_id=id_, date=day, **true_[day]))


def first_day() -> dt.date | None:
    """Find the first day with an event, enrolment, review or order; None without any."""
    by_flag = select(func.min(Review.created_at)).where(Review.flagged.in_([False, True]))
    columns = (Event.created_at, Enrollment.enrolled_at, Order.completed_at)
    firsts = [select(func.min(column)) for column in columns] + [by_flag]
    found = [moment for query in firsts if (moment := db.session.scalar(query)) is not None]
    return min(found).date() if found else None


def remove_old() -> int:
    """Delete a batch of events past their retention (LECTERN_KEEP_EVENTS_DAYS); returns how many."""
    old = select(Event.id).where(Event.created_at < _kept_since()).order_by(Event.created_at)
    gone = db.session.execute(delete(Event).where(Event.id.in_(old.limit(MOST_REMOVED))))
    count: int = gone.rowcount  # type: ignore[attr-defined]
    return count


def _last_counted() -> dt.date | None:
    """Find the last day with totals; all days before it are counted."""
    return db.session.scalar(select(func.max(ShopDay.date)))


def _kept_since() -> datetime:
    """Compute the midnight before which events are deleted. A day is last counted on the day after it."""
    days = max(2, current_app.config["SETTINGS"].keep_events_days)
    return _midnight((clock.now() - timedelta(days=days)).date())


def _first_seen() -> dt.date | None:
    """Find the first day whose events are complete; earlier ones may have been deleted in part."""
    with db.engine.connect().execution_options(reads_only=True) as connection:
        oldest: datetime | None = connection.scalar(select(func.min(Event.created_at)))
    return max(oldest, _kept_since()).date() if oldest else None


def _count_span(connection: Connection, start: dt.date, stop: dt.date, seen: bool) -> None:
    """Count the days from `start` to before `stop`; without `seen` the totals of events stay as they are.

    SQLite counts in a read transaction of its own, so that others can write meanwhile. PostgreSQL uses one
    transaction: the next one may get another server connection from a pooler, without the temporary tables.
    """
    apart = connection.dialect.name == "sqlite"
    connection.execution_options(reads_only=apart)
    with connection.begin():
        daily_totals.stage(connection, _midnight(start), _midnight(stop), seen)
        if not apart:
            daily_totals.write(connection, start, stop, seen)
    if apart:
        connection.execution_options(reads_only=False)
        with connection.begin():
            daily_totals.write(connection, start, stop, seen)


def _midnight(day: dt.date) -> datetime:
    return datetime.combine(day, time(), UTC)

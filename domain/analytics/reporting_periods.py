"""The periods of figures: the last 30 days, 90 days or 12 months, and the steps in which they are drawn."""

import datetime as dt
from collections.abc import Iterable, Iterator
from datetime import timedelta
from enum import StrEnum
from typing import Protocol, TypeVar

from domain.base import clock


class Period(StrEnum):
    """A reporting period that ends today."""

    MONTH = "30d"
    QUARTER = "90d"
    YEAR = "12m"

    @property
    def words(self) -> str:
        """Return its name for people."""
        return {"30d": "30 days", "90d": "90 days", "12m": "12 months"}[self.value]

    @property
    def days(self) -> int:
        """Return its number of days, today included."""
        return {"30d": 30, "90d": 90, "12m": 365}[self.value]

    def first(self) -> dt.date:
        """Return its first day (UTC)."""
        return clock.now().date() - timedelta(days=self.days - 1)


class Dated(Protocol):
    """Counts of one day."""

    @property
    def date(self) -> dt.date: ...


Day = TypeVar("Day", bound=Dated)


def steps(period: Period, days: Iterable[Day]) -> Iterator[tuple[str, dt.date, list[Day]]]:
    """Group the days of a period without gaps: name, first day and counts of each step, oldest first.

    Steps are days in a month, weeks in a quarter, calendar months in a year.
    """
    first, last = period.first(), clock.now().date()
    by_start: dict[dt.date, list[Day]] = {}
    for day in days:
        by_start.setdefault(_start(period, first, day.date), []).append(day)
    start = _start(period, first, first)
    while start <= last:
        name = f"{start:%b %Y}" if period == Period.YEAR else f"{start.day} {start:%b}"
        yield name, start, by_start.get(start, [])
        start = _next(period, start)


def _start(period: Period, first: dt.date, day: dt.date) -> dt.date:
    if period == Period.YEAR:
        return day.replace(day=1)
    return day - timedelta(days=(day - first).days % 7) if period == Period.QUARTER else day


def _next(period: Period, start: dt.date) -> dt.date:
    if period == Period.YEAR:
        return (start + timedelta(days=31)).replace(day=1)
    return start + timedelta(days=7 if period == Period.QUARTER else 1)

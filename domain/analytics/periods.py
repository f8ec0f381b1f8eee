"""Periods of tax reports: months, quarters and years, by the days of documents."""

import re
from datetime import date, timedelta
from typing import NamedTuple

from domain import Refused

_WRITTEN = re.compile(r"(?P<year>20[0-9]{2})(?:-(?:Q(?P<quarter>[1-4])|(?P<month>0[1-9]|1[0-2])))?", re.ASCII)


class Period(NamedTuple):
    """A period from its `first` day to its `last`; `key` is how addresses write it, `name` how people do."""

    first: date
    last: date
    key: str
    name: str


def read(key: str) -> Period:
    """Parse 2026, 2026-Q4 or 2026-11. Raises Refused."""
    found = _WRITTEN.fullmatch(key)
    if found is None:
        raise Refused("Choose a year, a quarter or a month.")
    year = int(found["year"])
    if found["quarter"]:
        return quarter(year, int(found["quarter"]))
    return month(year, int(found["month"])) if found["month"] else _from(year, 1, 12, key, key)


def quarter(year: int, number: int) -> Period:
    """Build a quarter; `number` counts from 1 and may go below it."""
    year, number = year + (number - 1) // 4, (number - 1) % 4 + 1
    return _from(year, 3 * number - 2, 3, f"{year}-Q{number}", f"Quarter {number} of {year}")


def month(year: int, number: int) -> Period:
    """Build a month; `number` counts from 1 and may go below it."""
    year, number = year + (number - 1) // 12, (number - 1) % 12 + 1
    return _from(year, number, 1, f"{year}-{number:02}", f"{date(year, number, 1):%B %Y}")


def quarter_of(day: date) -> Period:
    """Find the quarter that `day` lies in."""
    return quarter(day.year, (day.month + 2) // 3)


def recent_quarters(today: date, count: int = 12) -> list[Period]:
    """List the last quarters, that of `today` first."""
    now = quarter_of(today)
    number = int(now.key[-1])
    return [quarter(now.first.year, number - back) for back in range(count)]


def recent(today: date) -> list[Period]:
    """List the periods that a report offers: eight quarters, twelve months, three years."""
    months = [month(today.year, today.month - back) for back in range(12)]
    return [*recent_quarters(today, 8), *months, *(read(str(today.year - back)) for back in range(3))]


def _from(year: int, first_month: int, months: int, key: str, name: str) -> Period:
    after = first_month + months
    end = date(year + (after - 1) // 12, (after - 1) % 12 + 1, 1)
    return Period(date(year, first_month, 1), end - timedelta(days=1), key, name)

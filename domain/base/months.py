"""Calendar months in a time zone, as UTC intervals."""

import itertools
import re
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_WRITTEN = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)


class Month(NamedTuple):
    """A month: from `start` up to but not including `stop` (both UTC)."""

    year: int
    number: int
    start: datetime
    stop: datetime

    @property
    def key(self) -> str:
        """Format for query strings: 2026-11."""
        return f"{self.year}-{self.number:02}"

    @property
    def name(self) -> str:
        """Format for people: Nov 2026."""
        return f"{self.start.replace(year=self.year, month=self.number, day=15):%b %Y}"


def zone_of(name: str) -> ZoneInfo:
    """Find a time zone; UTC for an unknown name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def month(year: int, number: int, zone: ZoneInfo) -> Month:
    """Build a month in `zone`; `number` may exceed 12 or go below 1."""
    year, number = _carried(year, number)
    later = _carried(year, number + 1)
    start, stop = (datetime(y, n, 1, tzinfo=zone).astimezone(UTC) for y, n in ((year, number), later))
    return Month(year, number, start, stop)


def last(count: int, now: datetime, zone: ZoneInfo) -> list[Month]:
    """List the `count` months up to the one of `now`, oldest first."""
    today = now.astimezone(zone)
    return [month(today.year, today.month - back, zone) for back in reversed(range(count))]


def since(first: datetime, now: datetime, zone: ZoneInfo, most: int) -> list[Month]:
    """List the months from that of `now` back to that of `first`, at most `most`, newest first."""
    today = now.astimezone(zone)
    back = (month(today.year, today.month - n, zone) for n in range(most))
    return list(itertools.takewhile(lambda one: one.stop > first, back))


def read(text: str, zone: ZoneInfo) -> Month | None:
    """Parse a month from a query string; None for an invalid one."""
    found = _WRITTEN.fullmatch(text)
    return month(int(found[1]), int(found[2]), zone) if found else None


def _carried(year: int, number: int) -> tuple[int, int]:
    return year + (number - 1) // 12, (number - 1) % 12 + 1

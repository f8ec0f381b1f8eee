"""Calendar months in somebody's own time zone, as the moments at which they begin."""

import itertools
import re
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_WRITTEN = re.compile(r"(20[0-9]{2})-(0[1-9]|1[0-2])", re.ASCII)


class Month(NamedTuple):
    """A month: `start` is in it, `stop` the first moment after it (both UTC)."""

    year: int
    number: int
    start: datetime
    stop: datetime

    @property
    def key(self) -> str:
        """As it stands in an address: 2026-11."""
        return f"{self.year}-{self.number:02}"

    @property
    def name(self) -> str:
        """As people read it: Nov 2026."""
        return f"{self.start.replace(year=self.year, month=self.number, day=15):%b %Y}"


def zone_of(name: str) -> ZoneInfo:
    """The time zone of that name, UTC for one that is gone."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def month(year: int, number: int, zone: ZoneInfo) -> Month:
    """That month in `zone`; `number` may run on beyond 12 or below 1."""
    year, number = _carried(year, number)
    later = _carried(year, number + 1)
    start, stop = (datetime(y, n, 1, tzinfo=zone).astimezone(UTC) for y, n in ((year, number), later))
    return Month(year, number, start, stop)


def last(count: int, now: datetime, zone: ZoneInfo) -> list[Month]:
    """The `count` months up to the one of `now`, the oldest first."""
    today = now.astimezone(zone)
    return [month(today.year, today.month - back, zone) for back in reversed(range(count))]


def since(first: datetime, now: datetime, zone: ZoneInfo, most: int) -> list[Month]:
    """The months from that of `now` back to that of `first`, at most `most` of them, the newest first."""
    today = now.astimezone(zone)
    back = (month(today.year, today.month - n, zone) for n in range(most))
    return list(itertools.takewhile(lambda one: one.stop > first, back))


def read(text: str, zone: ZoneInfo) -> Month | None:
    """The month that an address names; None for what names none."""
    found = _WRITTEN.fullmatch(text)
    return month(int(found[1]), int(found[2]), zone) if found else None


def _carried(year: int, number: int) -> tuple[int, int]:
    return year + (number - 1) // 12, (number - 1) % 12 + 1

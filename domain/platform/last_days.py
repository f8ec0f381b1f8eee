"""The last day of what ends at some moment, such as a sale or access: one day for everybody, the shop's."""

from datetime import date, datetime, time, timedelta

from domain.base import months
from domain.platform import settings


def end_of(day: date) -> datetime:
    """Compute when `day` is over in the shop's time zone."""
    zone = months.zone_of(settings.current().timezone)
    return datetime.combine(day + timedelta(days=1), time(), zone)


def last_day(ends: datetime) -> date:
    """Find the last day, in the shop's time zone, on which what ends at `ends` still holds."""
    zone = months.zone_of(settings.current().timezone)
    return (ends - timedelta(microseconds=1)).astimezone(zone).date()


def said(ends: datetime) -> str:
    """Say the last day of what ends at `ends`: 30 November 2026."""
    day = last_day(ends)
    return f"{day.day} {day:%B %Y}"


def start_of(day: date) -> datetime:
    """Compute when `day` begins in the shop's time zone."""
    return end_of(day - timedelta(days=1))


def first_day(begins: datetime) -> date:
    """Find the day, in the shop's time zone, on which something begins."""
    return begins.astimezone(months.zone_of(settings.current().timezone)).date()


def said_first(begins: datetime) -> str:
    """Say the day on which something begins: 1 December 2026."""
    day = first_day(begins)
    return f"{day.day} {day:%B %Y}"

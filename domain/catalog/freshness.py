"""Freshness of courses: six months after its last update a course goes off sale (expiry.py does it)."""

from datetime import datetime, timedelta

from models import Course

FRESH_FOR_MONTHS = 6


def restart(course: Course, moment: datetime) -> None:
    """Restart the expiry clock at `moment`, when it was published or an update was approved."""
    course.content_updated_at = moment
    course.expires_at, course.warned_days = fresh_until(moment), None


def fresh_until(moment: datetime) -> datetime:
    """Compute the expiry of a course published or updated at `moment`: six months later."""
    month = moment.month - 1 + FRESH_FOR_MONTHS
    year, month = moment.year + month // 12, month % 12 + 1
    first = moment.replace(year=year, month=month, day=1)
    day = min(moment.day, ((first + timedelta(days=31)).replace(day=1) - timedelta(days=1)).day)
    return first.replace(day=day)

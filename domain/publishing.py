"""How a course comes on sale, stays fresh and is changed while people learn it.

A course that was ever published is live: learners may hold it. What a creator who isn't vetted adds to or
changes in the lessons of a live course stays in drafts until an admin approves the update; everybody else's
changes show at once.
"""

from datetime import datetime, timedelta

from domain import clock, search, settings
from models import Course, UpdateState, User

FRESH_FOR_MONTHS = 6


def is_live(course: Course) -> bool:
    """Whether learners may hold it: it was published at some time."""
    return course.published_at is not None


def publishes_directly(course: Course, actor: User) -> bool:
    """Whether what `actor` does needs no approval: admins, vetted creators, a shop that asks for none."""
    return actor.is_admin or actor.vetted or not settings.current().require_review


def waits(course: Course, actor: User) -> bool:
    """Whether changes by `actor` to the lessons of `course` wait for approval as drafts."""
    return is_live(course) and not publishes_directly(course, actor)


def content_changed(course: Course, actor: User) -> None:
    """Note that `actor` changed what `course` teaches: call it after every change of modules, lessons, files.

    A change that waits opens an update; one that shows at once makes the course as fresh as today. The search
    index and the catalogue's stamp follow.
    """
    now = clock.now()
    if waits(course, actor):
        if course.update_state != UpdateState.PENDING:
            course.update_state = UpdateState.EDITING
        return
    course.content_updated_at = now
    if is_live(course):
        course.expires_at = fresh_until(now)
    search.index(course)


def fresh_until(moment: datetime) -> datetime:
    """When what was published or updated at `moment` has to be looked at again: six months later."""
    month = moment.month - 1 + FRESH_FOR_MONTHS
    year, month = moment.year + month // 12, month % 12 + 1
    first = moment.replace(year=year, month=month, day=1)
    day = min(moment.day, ((first + timedelta(days=31)).replace(day=1) - timedelta(days=1)).day)
    return first.replace(day=day)

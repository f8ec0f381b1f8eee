"""Prerequisites: courses that have to be completed before another one opens."""

import uuid
from typing import NamedTuple

from sqlalchemy import delete, select

from domain import Refused
from domain.base import clock
from domain.catalog import availability, cards, lifecycle
from domain.catalog.index import facets, index_cache, words
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import Course, User, course_prerequisites, db, upsert

MOST, FOUND = 5, 8


class RequiredCourse(NamedTuple):
    """A prerequisite. One that isn't on sale any longer has no effect."""

    id: uuid.UUID
    title: str
    slug: str
    can_be_had: bool


def required_courses(course: Course) -> list[RequiredCourse]:
    """List the prerequisites of `course`, by title."""
    query = (
        select(
            Course.id, Course.title, Course.slug, Course.status, Course.visibility, Course.deleted_at,
            Course.expires_at,
        )
        .join(course_prerequisites, course_prerequisites.c.prerequisite_id == Course.id)
        .where(course_prerequisites.c.course_id == course.id)
        .order_by(Course.title)
    )  # fmt: skip
    now = clock.now()
    return [
        RequiredCourse(row.id, row.title, row.slug, availability.is_published(row, now))
        for row in db.session.execute(query)
    ]


def find(course: Course, text: str) -> list[cards.CourseCard]:
    """Search courses on sale, without `course` and its prerequisites."""
    wanted = words.of_query(text)
    if not wanted:
        return []
    index = index_cache.current()
    selection = facets.Selection(text=text, words=wanted, sort="relevance")
    taken = {course.id, *(required.id for required in required_courses(course))}
    ids = [id_ for id_ in index.page(selection, 0, FOUND + len(taken)) if id_ not in taken]
    return cards.cards_of(ids[:FOUND])


def require(course: Course, actor: User, other_id: uuid.UUID) -> None:
    """Add a prerequisite. Raises Refused for one that isn't on sale or that would make a cycle."""
    lifecycle.lock_and_reload(course)
    other = db.session.get(Course, other_id)
    if other is None or not availability.is_published(other, clock.now()):
        raise Refused("That course is no longer on sale.")
    if other.id == course.id or _asks_for(other.id, course.id):
        raise Refused("That course requires this one, so nobody could ever start.")
    if len(required_courses(course)) >= MOST:
        raise Refused(f"You can require at most {MOST} courses.")
    row = upsert(course_prerequisites).values(course_id=course.id, prerequisite_id=other.id)
    db.session.execute(row.on_conflict_do_nothing())
    course.updated_at = clock.now()
    audit.record(actor, AuditAction.ADD_PREREQUISITE, course, other.title)
    db.session.flush()


def drop(course: Course, actor: User, other_id: uuid.UUID) -> None:
    """Remove a prerequisite; no error if it isn't one."""
    lifecycle.lock_and_reload(course)
    db.session.execute(
        delete(course_prerequisites).where(
            course_prerequisites.c.course_id == course.id, course_prerequisites.c.prerequisite_id == other_id
        )
    )
    course.updated_at = clock.now()
    audit.record(actor, AuditAction.REMOVE_PREREQUISITE, course, str(other_id))
    db.session.flush()


def _asks_for(first: uuid.UUID, other: uuid.UUID) -> bool:
    """Tell whether `other` is a prerequisite of `first`, directly or indirectly (recursive query)."""
    table = course_prerequisites
    asked = select(table.c.prerequisite_id.label("id")).where(table.c.course_id == first).cte(recursive=True)
    asked = asked.union(select(table.c.prerequisite_id).join(asked, table.c.course_id == asked.c.id))
    return db.session.scalar(select(asked.c.id).where(asked.c.id == other).limit(1)) is not None

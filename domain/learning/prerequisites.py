"""The courses that somebody has to complete before another opens to them."""

import uuid
from typing import NamedTuple

from sqlalchemy import delete, select

from domain import Refused
from domain.base import clock, word_folding
from domain.catalog import cards, lifecycle
from domain.catalog.index import facets, index_cache
from domain.platform import audit
from models import Course, Product, ProductStatus, User, course_prerequisites, db, upsert

MOST, FOUND = 5, 8


class Required(NamedTuple):
    """A course to take first. One that can't be had any longer asks for nothing."""

    id: uuid.UUID
    title: str
    slug: str
    can_be_had: bool


def of(course: Course) -> list[Required]:
    """The courses to take before `course`, by title."""
    query = (
        select(Product.id, Product.title, Product.slug, Product.status, Product.deleted_at)
        .join(course_prerequisites, course_prerequisites.c.prerequisite_id == Product.id)
        .where(course_prerequisites.c.course_id == course.id)
        .order_by(Product.title)
    )
    return [
        Required(row.id, row.title, row.slug, row.status == ProductStatus.PUBLISHED and not row.deleted_at)
        for row in db.session.execute(query)
    ]


def find(course: Course, text: str) -> list[cards.Card]:
    """Courses on sale that `text` finds, without `course` and what it asks for already."""
    wanted = word_folding.of_query(text)
    if not wanted:
        return []
    index = index_cache.current()
    selection = facets.Selection(text=text, words=wanted, sort="relevance")
    taken = {course.id, *(required.id for required in of(course))}
    ids = [id_ for id_ in index.page(selection, 0, FOUND + len(taken)) if id_ not in taken]
    return cards.cards_of(ids[:FOUND])


def require(course: Course, actor: User, other_id: uuid.UUID) -> None:
    """Ask for another course first. Raises Refused for one that isn't on sale or would wait for this one."""
    lifecycle.hold_whole(course)
    other = db.session.get(Course, other_id)
    if other is None or other.deleted_at is not None or other.status != ProductStatus.PUBLISHED:
        raise Refused("That course is not on sale any longer.")
    if other.id == course.id or _asks_for(other.id, course.id):
        raise Refused("That course asks for this one itself, so nobody could ever begin.")
    if len(of(course)) >= MOST:
        raise Refused(f"Ask for at most {MOST} courses.")
    row = upsert(course_prerequisites).values(course_id=course.id, prerequisite_id=other.id)
    db.session.execute(row.on_conflict_do_nothing())
    course.updated_at = clock.now()
    audit.record(actor, "require_course", course, other.title)
    db.session.flush()


def release(course: Course, actor: User, other_id: uuid.UUID) -> None:
    """Ask for that course no longer; nothing happens when it wasn't asked for."""
    lifecycle.hold_whole(course)
    db.session.execute(
        delete(course_prerequisites).where(
            course_prerequisites.c.course_id == course.id, course_prerequisites.c.prerequisite_id == other_id
        )
    )
    course.updated_at = clock.now()
    audit.record(actor, "release_course", course, str(other_id))
    db.session.flush()


def _asks_for(first: uuid.UUID, other: uuid.UUID) -> bool:
    """Whether `first` asks for `other`, itself or by what it asks for."""
    table = course_prerequisites
    asked = select(table.c.prerequisite_id.label("id")).where(table.c.course_id == first).cte(recursive=True)
    asked = asked.union(select(table.c.prerequisite_id).join(asked, table.c.course_id == asked.c.id))
    return db.session.scalar(select(asked.c.id).where(asked.c.id == other).limit(1)) is not None

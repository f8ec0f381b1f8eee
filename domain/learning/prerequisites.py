"""Prerequisites: courses to take before another one, as advice or as a lock (see `locks`)."""

import uuid
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import Select, Uuid, bindparam, delete, func, literal, select, true, update

import jobs
from domain import Refused
from domain.base import clock, money
from domain.base.addresses import path_to
from domain.catalog import availability, cards, lifecycle, pricing
from domain.catalog.index import facets, index_cache, words
from domain.catalog.kinds import Link, Lock
from domain.learning import access_facts, locks
from domain.platform import audit, notifications, settings
from domain.platform.audit_actions import AuditAction
from models import (
    AccessGrant,
    Course,
    Enrollment,
    NotificationKind,
    Product,
    User,
    UtcDateTime,
    course_prerequisites,
    db,
    upsert,
)

MOST, FOUND = 5, 8
_products, _courses = Product.__table__, Course.__table__


class RequiredCourse(NamedTuple):
    """A prerequisite. One that isn't on sale any longer has no effect.

    `is_lock`: its creator made it a lock. `holds`: the lock can be opened, so that it is in force.
    """

    id: uuid.UUID
    title: str
    slug: str
    can_be_had: bool
    is_lock: bool
    holds: bool


class LockingCourse(NamedTuple):
    """A course that a learner has to finish first; its price is today's, in minor units.

    `is_owned`: they have it. `percent` is their progress.
    """

    id: uuid.UUID
    title: str
    slug: str
    price_cents: int
    currency: str
    is_owned: bool
    percent: int

    @property
    def said(self) -> str:
        """Name the course, with its price if they don't have it."""
        cost = money.money(self.price_cents, self.currency) if self.price_cents else "free"
        return f"“{self.title}”" if self.is_owned else f"“{self.title}” ({cost})"

    @property
    def way(self) -> Link:
        """Lead to its lessons, or to the page on which it can be had."""
        if self.is_owned:
            return Link(f"Continue “{self.title}”", path_to("learn.course", course_slug=self.slug))
        return Link(f"See “{self.title}”", path_to("catalog.course", slug=self.slug))


def locking(person: User | None, course: Any) -> list[LockingCourse]:
    """List the courses that lock `course` for `person` (None: a visitor), those they have first.

    `course` may be a row. They needn't have it. Empty for whoever sees every lesson of it. One query.
    """
    if person is not None and access_facts.sees_everything(person, course):
        return []
    return locking_each(person, [course.id]).get(course.id, [])


def locking_each(
    person: User | None, course_ids: Sequence[uuid.UUID]
) -> dict[uuid.UUID, list[LockingCourse]]:
    """List what locks each of the courses for `person`, as `locking` does, in one query.

    The courses are none that they may see every lesson of without a grant.
    """
    values = {"moment": clock.now(), "courses": list(course_ids), "person": person.id if person else None}
    found: dict[uuid.UUID, list[LockingCourse]] = {}
    for course_id, *told in db.session.execute(_locking(person is not None), values):
        found.setdefault(course_id, []).append(LockingCourse(*told))
    return {id_: sorted(courses, key=lambda course: not course.is_owned) for id_, courses in found.items()}


@cache
def _locking(for_person: bool) -> Select[Any]:
    """Build the query of `locking_each` once: putting it together takes longer than the answer."""
    moment, user_id = bindparam("moment", type_=UtcDateTime()), bindparam("person", type_=Uuid())
    required, dated = _products.alias("required"), _courses.alias("dated")
    concerned: Any = true()
    held: Any = literal(False)
    percent: Any = literal(0)
    if for_person:
        concerned = locks.concerns(user_id, required.c)
        held = select(AccessGrant.id).where(*access_facts.holding(user_id, required.c.id, moment)).exists()
        enrolled = (Enrollment.user_id == user_id, Enrollment.course_id == required.c.id)
        percent = func.coalesce(select(Enrollment.progress_percent).where(*enrolled).scalar_subquery(), 0)
    table = course_prerequisites
    wanted = table.c.course_id.in_(bindparam("courses", type_=Uuid(), expanding=True))
    return (
        select(
            table.c.course_id, required.c.id, required.c.title, required.c.slug,
            pricing.price_at(moment, required.c), required.c.currency, held, percent,
        )
        .join(table, table.c.prerequisite_id == required.c.id)
        .join(dated, dated.c.id == required.c.id)
        .where(wanted, locks.in_force(moment, required.c, dated.c), concerned)
        .order_by(required.c.title)
    )  # fmt: skip


def lock_on(courses: list[LockingCourse]) -> Lock | None:
    """Say what has to be finished first, and lead there; None without `courses`."""
    if not courses:
        return None
    names = [course.said for course in courses]
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    return Lock(f"Opens after you finish {listed}.", courses[0].way)


def required_courses(course: Course) -> list[RequiredCourse]:
    """List the prerequisites of `course`, by title."""
    query = (
        select(
            Course.id, Course.title, Course.slug, Course.status, Course.visibility, Course.deleted_at,
            Course.expires_at, Course.lesson_count, course_prerequisites.c.locks_since,
        )
        .join(course_prerequisites, course_prerequisites.c.prerequisite_id == Course.id)
        .where(course_prerequisites.c.course_id == course.id)
        .order_by(Course.title)
    )  # fmt: skip
    now = clock.now()
    return [_required(row, now) for row in db.session.execute(query)]


def _required(row: Any, now: datetime) -> RequiredCourse:
    is_lock = row.locks_since is not None
    can_be_opened = availability.is_available(row, now) and row.lesson_count > 0
    on_sale = availability.is_published(row, now)
    return RequiredCourse(row.id, row.title, row.slug, on_sale, is_lock, is_lock and can_be_opened)


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
    settings.lock()  # one at a time: two creators could close a circle together
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


def set_lock(course: Course, actor: User, other_id: uuid.UUID, locks_it: bool) -> None:
    """Make a prerequisite a lock from now on, or advice. Idempotent; does nothing if it isn't one.

    Raises Refused for a circle of prerequisites, in which nobody could ever open any.
    """
    settings.lock()  # one at a time: two creators could close a circle together
    lifecycle.lock_and_reload(course)
    if locks_it and _asks_for(other_id, course.id):
        raise Refused("That course requires this one, so nobody could ever start.")
    table = course_prerequisites
    this = (table.c.course_id == course.id, table.c.prerequisite_id == other_id)
    differs = table.c.locks_since.is_(None) if locks_it else table.c.locks_since.is_not(None)
    set_at = clock.now() if locks_it else None
    changed: Any = db.session.execute(update(table).where(*this, differs).values(locks_since=set_at))
    if not changed.rowcount:
        return
    course.updated_at = clock.now()
    action = AuditAction.LOCK_BY_PREREQUISITE if locks_it else AuditAction.UNLOCK_PREREQUISITE
    audit.record(actor, action, course, db.session.get_one(Course, other_id).title)
    db.session.flush()


def course_completed(user_id: uuid.UUID, course_id: uuid.UUID) -> None:
    """Enqueue the job that tells a learner of what the course that they have completed opens, if anything."""
    table = course_prerequisites
    locks_any = select(table.c.course_id).where(
        table.c.prerequisite_id == course_id, table.c.locks_since.is_not(None)
    )
    if db.session.scalar(locks_any.limit(1)) is not None:
        jobs.enqueue("tell_of_opened", user_id=str(user_id), course_id=str(course_id))


def tell_of_opened(user_id: str, course_id: str) -> None:
    """Notify a learner of those of their courses that completing one has opened, as a job; idempotent."""
    person, finished = db.session.get(User, uuid.UUID(user_id)), uuid.UUID(course_id)
    if person is None:
        return
    table = course_prerequisites
    waiting = (
        select(Course)
        .join(table, table.c.course_id == Course.id)
        .where(
            table.c.prerequisite_id == finished,
            table.c.locks_since.is_not(None),
            select(AccessGrant.id).where(*access_facts.holding(person.id, Course.id)).exists(),
        )
        .order_by(Course.title)
    )
    for course in db.session.scalars(waiting).all():
        if not locking(person, course):
            notifications.tell(
                person.id, NotificationKind.COURSE_OPENED, f"“{course.title[:150]}” is open now",
                "You’ve finished what comes before it.", path_to("learn.course", course_slug=course.slug),
                "Start learning", key=f"opened:{course.id}",
            )  # fmt: skip


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

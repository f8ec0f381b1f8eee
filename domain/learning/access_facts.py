"""The facts of an access decision about a person, a course and a lesson, loaded in one query."""

import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Select,
    Uuid,
    and_,
    bindparam,
    case,
    null,
    or_,
    select,
    true,
    tuple_,
)

from domain.base import clock
from domain.catalog import availability, shown_lessons
from domain.learning import locks
from models import (
    AccessGrant,
    Course,
    Enrollment,
    Lesson,
    LessonProgress,
    LessonVisibility,
    Module,
    Product,
    ProductStatus,
    ProductVisibility,
    Purchase,
    User,
    db,
)

product, course_, grant, enrollment = (t.__table__ for t in (Product, Course, AccessGrant, Enrollment))
lesson_, module, progress = (t.__table__ for t in (Lesson, Module, LessonProgress))


@dataclass(frozen=True)
class LessonGate:
    """The conditions of one lesson for an owner; `unfinished` is the lesson to complete first."""

    withheld: bool
    preview: bool
    unlock_after_days: int
    completed: bool
    unfinished: uuid.UUID | None = None


@dataclass(frozen=True)
class AccessFacts:
    """The facts about a person and a course, whose status, visibility, deletion and expiry come first.

    `trusted`: admin, creator, or has access to everything. `holds`: a grant is valid; `paused`: all valid
    ones wait for a dispute. `since`: the time of enrolment. `ran_out` is when the last grant expired,
    `missing` a prerequisite that locks the course.
    """

    stranger: bool
    trusted: bool
    status: ProductStatus
    visibility: ProductVisibility
    deleted_at: datetime | None
    expires_at: datetime | None
    holds: bool
    paused: bool
    ran_out: datetime | None
    since: datetime | None
    missing: uuid.UUID | None
    gate: LessonGate | None = None

    @property
    def hidden(self) -> bool:
        """Tell whether the existence of the course is kept from everybody without a grant."""
        return not availability.is_visible(self)

    @property
    def opens_preview(self) -> bool:
        """Tell whether the lesson is a free preview of a published course."""
        shown = availability.is_published(self, clock.now())
        return self.gate is not None and self.gate.preview and not self.gate.withheld and shown


def load(user: User | None, course: Course, lesson: Lesson | None = None) -> AccessFacts:
    """Load the facts about `user` (None: a visitor), `course` and, if given, `lesson`."""
    values = {"user_id": user.id if user else None, "course_id": course.id, "moment": clock.now()}
    if lesson is not None:
        values["lesson_id"] = lesson.id
    rows = db.session.execute(_by_ids(lesson is not None), values).all()
    return about(user, course, rows)


def about(user: User | None, course: Course, rows: Any) -> AccessFacts:
    """Build the facts about `user` (None: a visitor) and `course` from the rows of `query`."""
    trusted = user is not None and sees_everything(user, course)
    return from_rows(rows, trusted=trusted, stranger=user is None)


def sees_everything(user: User, course: Any) -> bool:
    """Tell whether no grant and no gate applies: admins, the creator, people with the access override."""
    return user.opens_every_course or course.creator_id == user.id


def is_valid(grant: Any, moment: datetime) -> bool:
    """Tell if `grant`, a row with the columns of grants, is neither revoked nor expired at `moment`."""
    return grant.revoked_at is None and (grant.expires_at is None or grant.expires_at > moment)


def valid(moment: Any, grant: Any = AccessGrant) -> ColumnElement[bool]:
    """Build `is_valid` as SQL; `grant` holds the columns of grants, `moment` is a time or a parameter."""
    return and_(grant.revoked_at.is_(None), or_(grant.expires_at.is_(None), grant.expires_at > moment))


def holding(user_id: Any, course_id: Any, moment: Any = None) -> tuple[ColumnElement[bool], ...]:
    """Build the SQL conditions of a valid AccessGrant; ids or columns.

    `moment` is a time or a parameter, now by default.
    """
    moment = clock.now() if moment is None else moment
    return (
        AccessGrant.user_id == user_id,
        AccessGrant.course_id == course_id,
        valid(moment),
    )


def having(user_id: Any, product_id: Any) -> ColumnElement[bool]:
    """Build the SQL condition that a product is theirs: a grant holds that it gave, free or by a purchase.

    What a kind gives needn't be the product itself: several courses, for example. Ids or columns.
    """
    # By the purchases of the few grants that somebody has, not by all purchases of a product.
    bought = select(Purchase.product_id).where(Purchase.id == AccessGrant.purchase_id)
    through = bought.correlate_except(Purchase.__table__).scalar_subquery()
    gave = or_(
        AccessGrant.course_id == product_id, AccessGrant.source_id == product_id, through == product_id
    )
    held = select(AccessGrant.id).where(AccessGrant.user_id == user_id, gave, valid(clock.now()))
    return held.correlate_except(AccessGrant.__table__).exists()


def owned(person: User | None, course_ids: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Find which of the courses `person` (None: a visitor) has for good: made, or granted without end."""
    if person is None or not course_ids:
        return set()
    forever = select(grant.c.course_id).where(
        grant.c.user_id == person.id,
        grant.c.course_id.in_(course_ids),
        grant.c.revoked_at.is_(None),
        grant.c.expires_at.is_(None),
    )
    made = select(product.c.id).where(product.c.creator_id == person.id, product.c.id.in_(course_ids))
    return set(db.session.scalars(forever.union(made)))


def from_rows(rows: Any, trusted: bool, stranger: bool) -> AccessFacts:
    """Build the facts from the rows of `query`: the same person, course and lesson, one row per grant."""
    row, now = rows[0], clock.now()
    live = [r for r in rows if r.granted_at and is_valid(r, now)]
    return AccessFacts(
        stranger=stranger,
        trusted=trusted,
        status=row.status,
        visibility=row.visibility,
        deleted_at=row.deleted_at,
        expires_at=row.course_expires_at,
        holds=bool(live),
        paused=bool(live) and all(r.paused_at for r in live),
        ran_out=max((r.expires_at for r in rows if r.expires_at), default=None),
        since=row.enrolled_at or min((r.granted_at for r in live), default=None),
        missing=row.missing,
        gate=_gate_of(row) if "unfinished" in row._fields else None,
    )


def opens_at(since: datetime | None, unlock_after_days: int) -> datetime | None:
    """Compute when a module opens (drip) for somebody enrolled at `since`; None when it isn't dripped."""
    return since + timedelta(days=unlock_after_days) if since is not None and unlock_after_days else None


def query(user_id: Any, with_lesson: bool, people: FromClause | None = None) -> Select[*tuple[Any, ...]]:
    """Build the query of the facts; the caller adds the conditions for course and lesson.

    The person is `user_id`: a parameter, or a column of the tables `people`; `moment` is a parameter too.
    """
    product_from = product if people is None else people.join(product, true())
    held = and_(grant.c.user_id == user_id, grant.c.course_id == product.c.id, grant.c.revoked_at.is_(None))
    mine = and_(enrollment.c.user_id == user_id, enrollment.c.course_id == product.c.id)
    statement = select(
        product.c.status,
        product.c.visibility,
        product.c.deleted_at,
        course_.c.expires_at.label("course_expires_at"),
        grant.c.granted_at,
        grant.c.expires_at,
        grant.c.revoked_at,
        grant.c.paused_at,
        enrollment.c.enrolled_at,
        locks.missing(user_id).label("missing"),
    ).select_from(product_from.join(course_, course_.c.id == product.c.id))
    if with_lesson:
        statement = _with_lesson(statement, user_id)
    return statement.outerjoin(grant, held).outerjoin(enrollment, mine)


@cache
def _by_ids(with_lesson: bool) -> Select[*tuple[Any, ...]]:
    """Build the query by ids, cached: compiling it costs more than running it."""
    statement = query(bindparam("user_id", type_=Uuid()), with_lesson)
    statement = statement.where(product.c.id == bindparam("course_id", type_=Uuid()))
    return statement.where(lesson_.c.id == bindparam("lesson_id", type_=Uuid())) if with_lesson else statement


def _with_lesson(statement: Select[*tuple[Any, ...]], user_id: Any) -> Select[*tuple[Any, ...]]:
    read = and_(progress.c.lesson_id == lesson_.c.id, progress.c.user_id == user_id)
    return (
        statement.add_columns(
            lesson_.c.published,
            lesson_.c.visibility.label("lesson_visibility"),
            module.c.published.label("module_published"),
            module.c.unlock_after_days,
            progress.c.completed_at,
            case((course_.c.sequential, _unfinished_before(user_id)), else_=null()).label("unfinished"),
        )
        .join(lesson_, lesson_.c.course_id == product.c.id)
        .join(module, module.c.id == lesson_.c.module_id)
        .outerjoin(progress, read)
    )


def _gate_of(row: Row[*tuple[Any, ...]]) -> LessonGate:
    return LessonGate(
        withheld=not shown_lessons.is_shown(
            published=row.published,
            visibility=row.lesson_visibility,
            module_published=row.module_published,
        ),
        preview=row.lesson_visibility == LessonVisibility.PREVIEW,
        unlock_after_days=row.unlock_after_days,
        completed=row.completed_at is not None,
        unfinished=row.unfinished,
    )


def _unfinished_before(user_id: Any) -> Any:
    """Build the subquery of the first incomplete lesson before this one, among those that learners see."""
    other, place, done = lesson_.alias("other"), module.alias("place"), progress.alias("finished")
    return (
        select(other.c.id)
        .join(place, place.c.id == other.c.module_id)
        .outerjoin(done, and_(done.c.lesson_id == other.c.id, done.c.user_id == user_id))
        .where(
            other.c.course_id == lesson_.c.course_id,
            shown_lessons.shown(other.c, place.c),
            done.c.completed_at.is_(None),
            tuple_(place.c.position, other.c.position) < tuple_(module.c.position, lesson_.c.position),
        )
        .order_by(place.c.position, other.c.position)
        .limit(1)
        .correlate_except(other, place, done)
        .scalar_subquery()
    )

"""A creator's own list of courses: the status of each, and its next step."""

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, case, func, or_, select

from domain.base import clock
from domain.catalog import availability
from domain.catalog.index.index_builder import courses, products
from models import Category, Lesson, ModerationItem, ProductKind, ProductStatus, Tier, UpdateState, User, db

PAGE_SIZE = 25
EXPIRING = timedelta(days=30)
_lessons, _items, _categories = (t.__table__ for t in (Lesson, ModerationItem, Category))


class CourseStep(StrEnum):
    """The next step that a course needs from its creator."""

    WRITE = "write"
    SUBMIT = "submit"
    WAIT = "wait"
    READ_NOTES = "read_notes"
    UPDATE = "update"
    SUBMIT_UPDATE = "submit_update"
    RENEW = "renew"
    BRING_BACK = "bring_back"
    NOTHING = "nothing"


@dataclass(frozen=True)
class CourseRow:
    """A course in the list. `moment`: waiting since then, or fresh until then, depending on `step`."""

    id: uuid.UUID
    title: str
    slug: str
    status: ProductStatus
    update_state: UpdateState
    tier: Tier | None
    price_cents: int
    currency: str
    holder_count: int
    lesson_count: int
    category: str
    step: CourseStep
    moment: datetime | None


@dataclass(frozen=True)
class CourseList:
    """A page of the list, keyset-paginated: `newer` and `older` are the cursors of the pages beside it."""

    lines: list[CourseRow]
    newer: uuid.UUID | None
    older: uuid.UUID | None


def counts(creator: User) -> dict[ProductStatus, int]:
    """Count the courses of `creator` by status; statuses without a course are left out."""
    query = (
        select(products.c.status, func.count().label("courses"))
        .where(
            products.c.kind == ProductKind.COURSE,
            products.c.creator_id == creator.id,
            products.c.deleted_at.is_(None),
        )
        .group_by(products.c.status)
    )
    return {row.status: row.courses for row in db.session.execute(query)}


def page(
    creator: User,
    status: ProductStatus | None = None,
    title: str = "",
    newer_than: uuid.UUID | None = None,
    older_than: uuid.UUID | None = None,
) -> CourseList:
    """Load a page of `creator`'s courses, newest first, by status and by a part of the title.

    Keyset pagination: pass `newer_than` or `older_than`, a cursor from an earlier page.
    """
    query = _lines().where(products.c.creator_id == creator.id, products.c.deleted_at.is_(None))
    if status is not None:
        query = query.where(products.c.status == status)
    if title:
        query = query.where(products.c.title.icontains(title, autoescape=True))
    upwards = newer_than is not None
    if upwards:
        query = query.where(products.c.id > newer_than).order_by(products.c.id)
    elif older_than is not None:
        query = query.where(products.c.id < older_than).order_by(products.c.id.desc())
    else:
        query = query.order_by(products.c.id.desc())
    rows = db.session.execute(query.limit(PAGE_SIZE + 1)).all()
    more, lines = len(rows) > PAGE_SIZE, [_line(row) for row in rows[:PAGE_SIZE]]
    if upwards:
        lines.reverse()
    has_newer, has_older = (more, True) if upwards else (older_than is not None, more)
    return CourseList(
        lines,
        lines[0].id if lines and has_newer else None,
        lines[-1].id if lines and has_older else None,
    )


def _lines() -> Select[Any]:
    p, c = products.c, courses.c
    waiting = (
        select(func.min(_items.c.created_at))
        .where(_items.c.subject_id == p.id, _items.c.closed_at.is_(None))
        .scalar_subquery()
    )
    in_line = or_(p.status == ProductStatus.PENDING_REVIEW, c.update_state == UpdateState.PENDING)
    return select(
        p.id, p.title, p.slug, p.status, c.update_state, p.tier, p.price_cents, p.currency, p.holder_count,
        c.lesson_count, _categories.c.name.label("category"), c.expires_at,
        case((in_line, waiting)).label("waits_since"),
        select(_lessons.c.id).where(_lessons.c.course_id == p.id).exists().label("has_lessons"),
    ).select_from(
        products.join(courses, c.id == p.id).join(_categories, _categories.c.id == p.category_id)
    )  # fmt: skip


def _line(row: Any) -> CourseRow:
    step, moment = _next(row)
    return CourseRow(
        id=row.id, title=row.title, slug=row.slug, status=row.status, update_state=row.update_state,
        tier=row.tier, price_cents=row.price_cents, currency=row.currency, holder_count=row.holder_count,
        lesson_count=row.lesson_count, category=row.category, step=step, moment=moment,
    )  # fmt: skip


def _next(row: Any) -> tuple[CourseStep, datetime | None]:
    if row.status == ProductStatus.PENDING_REVIEW:
        return CourseStep.WAIT, row.waits_since
    if row.status == ProductStatus.REJECTED or row.update_state == UpdateState.RETURNED:
        return CourseStep.READ_NOTES, None
    if row.status == ProductStatus.DRAFT:
        return (CourseStep.SUBMIT if row.has_lessons else CourseStep.WRITE), None
    if row.status == ProductStatus.ARCHIVED:
        return CourseStep.BRING_BACK, None
    return _next_of_published(row)


def _next_of_published(row: Any) -> tuple[CourseStep, datetime | None]:
    if row.update_state == UpdateState.PENDING:
        return CourseStep.WAIT, row.waits_since
    if row.update_state == UpdateState.EDITING:
        return CourseStep.SUBMIT_UPDATE, None
    ends, now = row.expires_at, clock.now()
    if availability.is_expired(row, now):
        return CourseStep.RENEW, ends
    if ends is not None and ends <= now + EXPIRING:
        return CourseStep.UPDATE, ends
    return CourseStep.NOTHING, ends

"""A creator's students: names and progress, and no other personal data (no email addresses)."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, Uuid, bindparam, case, select

from domain.base import pagination
from domain.base.pagination import Cursor, Page
from models import Enrollment, EnrollmentStatus, Product, User, db

PER_PAGE = 25
BATCH = 1000
MOST_COURSES = 100

enrollment, product, people = (t.__table__.c for t in (Enrollment, Product, User))


class Student(NamedTuple):
    """A learner in a course; `name` is None once their account is deleted, `progress` is whole percents."""

    id: uuid.UUID
    name: str | None
    course_id: uuid.UUID
    course: str
    progress: int
    status: EnrollmentStatus
    enrolled_at: datetime
    last_seen_at: datetime
    completed_at: datetime | None


def load(creator: User, course_id: uuid.UUID | None, name: str, after: str) -> Page[Student]:
    """Load the page of `creator`'s students after the cursor `after`, latest enrolment first.

    `course_id` filters by course, and finds nobody in another creator's course; `name` is a part of a name.
    """
    found = page(creator, course_id, name, pagination.read(after), PER_PAGE + 1)
    return pagination.cut(found, PER_PAGE, _cursor)


def page(
    creator: User, course_id: uuid.UUID | None, name: str, mark: Cursor | None, count: int
) -> list[Student]:
    """Load `count` students after the cursor, latest enrolment first."""
    given: dict[str, Any] = {"creator": creator.id, "count": count} | pagination.values(mark)
    if course_id:
        given["course"] = course_id
    if name:
        given["name"] = f"%{_escaped(name.lower())}%"
    statement = _PAGES[course_id is not None, bool(name), mark is not None]
    return [Student(*row) for row in db.session.connection().execute(statement, given)]


def every(creator: User, course_id: uuid.UUID | None, name: str) -> Iterator[Student]:
    """Yield all of them, read in batches."""
    mark = None
    while found := page(creator, course_id, name, mark, BATCH):
        yield from found
        mark = _cursor(found[-1])


def _cursor(student: Student) -> Cursor:
    return Cursor(student.enrolled_at, student.id)


def courses_of(creator: User) -> list[tuple[uuid.UUID, str]]:
    """List the creator's courses for the filter: the best-selling ones, sorted by title."""
    query = (
        select(product.id, product.title)
        .where(product.creator_id == bindparam("creator", type_=Uuid()), product.deleted_at.is_(None))
        .order_by(product.purchase_count.desc(), product.holder_count.desc(), product.id)
        .limit(MOST_COURSES)
    )
    rows = db.session.connection().execute(query, {"creator": creator.id})
    return sorted(((id_, title) for id_, title in rows), key=lambda pair: pair[1].lower())


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _page(in_course: bool, by_name: bool, goes_on: bool) -> Select[Any]:
    """Build the query of a page. Its ids come from a covering index; only their rows are joined."""
    mine = select(product.id).where(
        product.creator_id == bindparam("creator", type_=Uuid()), product.deleted_at.is_(None)
    )
    if in_course:
        mine = mine.where(product.id == bindparam("course", type_=Uuid()))
    ids = select(enrollment.id, enrollment.enrolled_at).where(enrollment.course_id.in_(mine))
    if by_name:
        ids = ids.where(enrollment.learner.like(bindparam("name"), escape="\\"))
    if goes_on:
        ids = ids.where(pagination.after(enrollment.enrolled_at, enrollment.id))
    chosen = ids.order_by(enrollment.enrolled_at.desc(), enrollment.id.desc()).limit(bindparam("count"))
    found = chosen.subquery()
    tables = (
        found.join(Enrollment.__table__, enrollment.id == found.c.id)
        .join(Product.__table__, product.id == enrollment.course_id)
        .join(User.__table__, people.id == enrollment.user_id)
    )
    name = case((people.deleted_at.is_(None), people.name))
    return (
        select(
            enrollment.id, name, product.id, product.title, enrollment.progress_percent, enrollment.status,
            enrollment.enrolled_at, enrollment.last_accessed_at, enrollment.completed_at,
        )
        .select_from(tables)
        .order_by(enrollment.enrolled_at.desc(), enrollment.id.desc())
    )  # fmt: skip


_PAGES = {(c, n, g): _page(c, n, g) for c in (False, True) for n in (False, True) for g in (False, True)}

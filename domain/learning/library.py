"""A learner's library: their courses, in progress first."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Uuid, and_, bindparam, case, func, or_, select
from sqlalchemy.orm import aliased

from domain.base import clock
from domain.catalog.kinds import Lock
from domain.learning import access_facts, locks, prerequisites, progress
from models import (
    AccessGrant,
    Category,
    Course,
    Enrollment,
    Lesson,
    LessonProgress,
    Product,
    User,
    UtcDateTime,
    db,
)

PAGE_SIZE = 24


@dataclass(frozen=True)
class LibraryCourse:
    """A course in the library, with what its card shows; `position` is in seconds.

    `fresh` is the number of lessons added since they completed it, `is_started` tells whether they opened
    any. `lock` says what they have to finish before it opens.
    """

    id: uuid.UUID
    slug: str
    title: str
    creator_name: str
    category_slug: str
    language: str
    thumbnail: str | None
    lesson_count: int
    percent: int
    fresh: int
    completed_at: datetime | None
    last_accessed_at: datetime
    lesson_title: str | None
    lesson_slug: str | None
    position: int
    is_started: bool
    lock: Lock | None = None


@dataclass(frozen=True)
class LibraryPage:
    """A page of the library, unfinished courses first, each group by last use."""

    courses: list[LibraryCourse]
    total: int
    page: int

    @property
    def going_on(self) -> list[LibraryCourse]:
        """List the courses in progress."""
        return [course for course in self.courses if course.is_started and not course.completed_at]

    @property
    def waiting(self) -> list[LibraryCourse]:
        """List the courses that aren't begun."""
        return [course for course in self.courses if not course.is_started and not course.completed_at]

    @property
    def finished(self) -> list[LibraryCourse]:
        """List the completed courses."""
        return [course for course in self.courses if course.completed_at]

    @property
    def pages(self) -> int:
        """Return the number of pages, at least one."""
        return max(1, -(-self.total // PAGE_SIZE))


def begun(enrolled: Any) -> ColumnElement[bool]:
    """Build the SQL condition that a lesson of an enrolment was opened; `enrolled`: the table's columns.

    Also one that was opened before they enrolled, as a free preview, which the enrolment doesn't name.
    """
    opened, lesson = aliased(LessonProgress), aliased(Lesson)
    any_ = (
        select(opened.lesson_id)
        .join(lesson, lesson.id == opened.lesson_id)
        .where(opened.user_id == enrolled.user_id, lesson.course_id == enrolled.course_id)
    )
    return or_(enrolled.last_lesson_id.is_not(None), enrolled.progress_percent > 0, any_.exists())


def load_page(user: User, page: int = 1) -> LibraryPage:
    """Load page `page` (from 1) of the courses that `user` may learn, in one query, and one more
    where some are locked.

    By number, not behind a cursor: the page shows how many there are and links to each, and learning a course
    moves it to the front, so that a cursor would skip or repeat others. It counts one person's courses.
    """
    asked = {"learner": user.id, "moment": clock.now(), "skip": (page - 1) * PAGE_SIZE}
    rows = db.session.execute(_page_query(), asked).mappings().all()
    locked = [row["id"] for row in rows if row["missing"] is not None]
    locking = prerequisites.locking_each(user, locked) if locked else {}
    courses = [
        LibraryCourse(
            **{name: value for name, value in row.items() if name not in ("total", "missing")},
            lock=prerequisites.lock_on(locking.get(row["id"], [])),
        )
        for row in rows
    ]
    return LibraryPage(courses, rows[0]["total"] if rows else 0, page)


@cache
def _page_query() -> Select[*tuple[Any, ...]]:
    """Build the query of a page of what `learner` may learn at `moment`, after the first `skip`, once.

    Unfinished courses come before finished ones, the latest first.
    """
    learner, moment = bindparam("learner", type_=Uuid()), bindparam("moment", type_=UtcDateTime())
    mine = and_(LessonProgress.user_id == learner, LessonProgress.lesson_id == Enrollment.last_lesson_id)
    held = select(AccessGrant.id).where(*access_facts.holding(learner, Enrollment.course_id, moment)).exists()
    started = begun(Enrollment)
    return (
        select(
            Course.id,
            Course.slug,
            Course.title,
            User.name.label("creator_name"),
            Category.slug.label("category_slug"),
            Course.language,
            Course.thumbnail,
            Course.lesson_count,
            Enrollment.progress_percent.label("percent"),
            case((Enrollment.completed_at.is_not(None), progress.lessons_left(Enrollment)), else_=0).label(
                "fresh"
            ),
            Enrollment.completed_at,
            Enrollment.last_accessed_at,
            Lesson.title.label("lesson_title"),
            Lesson.slug.label("lesson_slug"),
            func.coalesce(LessonProgress.position_seconds, 0).label("position"),
            started.label("is_started"),
            locks.missing(learner).label("missing"),
            func.count().over().label("total"),
        )
        .select_from(Enrollment)
        .join(Course, Course.id == Enrollment.course_id)
        .join(User, User.id == Course.creator_id)
        .join(Category, Category.id == Course.category_id)
        .outerjoin(Lesson, Lesson.id == Enrollment.last_lesson_id)
        .outerjoin(LessonProgress, mine)
        .where(Enrollment.user_id == learner, held)
        .order_by(
            case((Enrollment.completed_at.is_(None), 0), else_=1),
            case((started, 0), else_=1),
            Enrollment.last_accessed_at.desc(),
            Enrollment.id,
        )
        .limit(PAGE_SIZE)
        .offset(bindparam("skip"))
    )


def owned(user: User, product_ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, int]:
    """Find which of the products `user` has, with their progress in whole percents; one query."""
    if not product_ids:
        return {}
    enrolled = and_(Enrollment.user_id == user.id, Enrollment.course_id == Product.id)
    query = (
        select(Product.id, func.coalesce(Enrollment.progress_percent, 0).label("percent"))
        .outerjoin(Enrollment, enrolled)
        .where(Product.id.in_(product_ids), access_facts.having(user.id, Product.id))
    )
    return {row.id: row.percent for row in db.session.execute(query)}

"""Locks: prerequisites that have to be completed before a course opens.

A prerequisite is advice unless the creator made it a lock. A lock never concerns those who ordered the course
or were given it before that, nor those who have begun it. It can always be opened: a course that can't be
taken, has no lessons or is the learner's own locks nothing, and locks in a circle are refused when they are
set (`prerequisites.set_lock`).
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, func, select

from domain.base.sql import asked_last
from domain.catalog import availability
from models import (
    AccessGrant,
    Course,
    Enrollment,
    Lesson,
    LessonProgress,
    LessonVisibility,
    Product,
    Purchase,
    UtcDateTime,
    course_prerequisites,
)

product, course_, enrollment, grant, purchase, lesson_, progress = (
    model.__table__ for model in (Product, Course, Enrollment, AccessGrant, Purchase, Lesson, LessonProgress)
)
link = course_prerequisites


def missing(user_id: Any) -> Any:
    """Build the subquery of the first prerequisite that locks the course `product.c.id` for a learner.

    `user_id` is a parameter or a column; the parameter `moment` is now.
    """
    required, dated = product.alias("required"), course_.alias("dated")
    return (
        select(required.c.id)
        .join(link, link.c.prerequisite_id == required.c.id)
        .join(dated, dated.c.id == required.c.id)
        .where(
            link.c.course_id == product.c.id,
            in_force(bindparam("moment", type_=UtcDateTime()), required.c, dated.c),
            concerns(user_id, required.c),
        )
        .order_by(required.c.title)
        .limit(1)
        .correlate_except(required, dated, link)
        .scalar_subquery()
    )


def in_force(moment: Any, required: Any, dated: Any) -> ColumnElement[bool]:
    """Build the SQL condition that a row of `course_prerequisites` is a lock that can be opened.

    `required` and `dated` hold the columns of the prerequisite, `moment` is a time or a parameter.
    """
    return and_(
        link.c.locks_since.is_not(None),
        dated.lesson_count > 0,
        asked_last(availability.available(moment, required, dated)),
    )


def concerns(user_id: Any, required: Any) -> ColumnElement[bool]:
    """Build the SQL condition that a lock concerns a learner who hasn't opened it yet."""
    return and_(
        required.creator_id != user_id,
        ~_completed(user_id, required.id),
        ~_had_before(user_id),
        ~_begun(user_id),
    )


def _completed(user_id: Any, required_id: Any) -> ColumnElement[bool]:
    done = enrollment.alias("done")
    mine = and_(done.c.user_id == user_id, done.c.course_id == required_id)
    return select(done.c.id).where(mine, done.c.completed_at.is_not(None)).correlate_except(done).exists()


def _had_before(user_id: Any) -> ColumnElement[bool]:
    """Build the SQL condition that the course was ordered or given before it was locked.

    By the time of the order: a bank may take days to pay for what was bought without a lock.
    """
    own, paid = grant.alias("own_grant"), purchase.alias("own_purchase")
    return (
        select(own.c.id)
        .select_from(own.outerjoin(paid, paid.c.id == own.c.purchase_id))
        .where(
            own.c.user_id == user_id,
            own.c.course_id == link.c.course_id,
            own.c.revoked_at.is_(None),
            func.coalesce(paid.c.created_at, own.c.granted_at) < link.c.locks_since,
        )
        .correlate_except(own, paid)
        .exists()
    )


def _begun(user_id: Any) -> ColumnElement[bool]:
    """Build the SQL condition "has progress in the course".

    Previews don't count: they are open to everybody.
    """
    own, mine = lesson_.alias("own"), progress.alias("begun")
    return (
        select(mine.c.lesson_id)
        .join(own, own.c.id == mine.c.lesson_id)
        .where(
            mine.c.user_id == user_id,
            own.c.course_id == link.c.course_id,
            own.c.visibility != LessonVisibility.PREVIEW,
        )
        .correlate_except(own, mine)
        .exists()
    )

"""Expiry of courses: six months after the last update a course goes off sale; its owners keep it.

The creator is warned WARN_DAYS before.
"""

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, or_, select, tuple_
from sqlalchemy.orm import joinedload

from domain.base import clock, pagination
from domain.base.addresses import path_to
from domain.base.pagination import Page
from domain.catalog import availability, lifecycle
from domain.platform import notifications
from models import Course, NotificationKind, Product, ProductStatus, db

WARN_DAYS = (30, 7)
BATCH = 500
PAGE_SIZE = 50
# Courses still on sale this long after expiring aren't listed: no worker runs then, which /readyz reports.
LOOK_BACK = timedelta(days=30)

_courses: Any = Course.__table__


def days_left(course: Course) -> int | None:
    """Count the whole days until a course on sale expires; None unless it is within the first warning."""
    if course.status != ProductStatus.PUBLISHED or course.expires_at is None:
        return None
    days = max(0, (course.expires_at - clock.now()).days)
    return days if days < max(WARN_DAYS) else None


def expiring(after: uuid.UUID | None = None, size: int = PAGE_SIZE) -> Page[Course]:
    """List the courses on sale that expire within 30 days with creators, soonest first, behind `after`.

    `holder_count` is the number of their holders. One query, and one more for the cursor.
    """
    now = clock.now()
    query = (
        select(Course)
        .where(
            Course.expires_at > now - LOOK_BACK,
            Course.expires_at <= now + timedelta(days=max(WARN_DAYS)),
            Product.status == ProductStatus.PUBLISHED,
            Product.deleted_at.is_(None),
        )
        .options(joinedload(Course.creator))
        .order_by(Course.expires_at, _courses.c.id)
        .limit(size + 1)
    )
    last = db.session.execute(select(_courses.c.expires_at).where(_courses.c.id == after)).first()
    if after and last and last.expires_at:
        query = query.where(tuple_(Course.expires_at, _courses.c.id) > tuple_(last.expires_at, after))
    return pagination.cut(db.session.scalars(query), size, lambda course: course.id)


def expire() -> None:
    """Take expired courses off sale and notify their creators. Idempotent, at most BATCH courses a run.

    `ended_at` marks each expiry as processed even if the course isn't on sale then, so that the partial index
    holds only courses still to expire.
    """
    now = clock.now()
    still_to_end = or_(Course.ended_at.is_(None), Course.ended_at != Course.expires_at)
    query = (
        select(Course).where(Course.expires_at <= now, still_to_end).order_by(Course.expires_at).limit(BATCH)
    )
    courses = db.session.scalars(query).all()
    for course in courses:
        if course.status != ProductStatus.PUBLISHED or course.deleted_at is not None:
            continue
        lifecycle.lock_course(course)
        if course.status != ProductStatus.PUBLISHED or not availability.is_expired(course, now):
            continue  # archived or renewed before its row was locked
        ended = course.expires_at
        lifecycle.change_status(course, ProductStatus.EXPIRED, None)
        notifications.tell(
            course.creator_id, NotificationKind.COURSE_EXPIRING, f"“{course.title}” has expired",
            "It’s off sale, but people who own it keep it. Check it and submit it again to bring it back.",
            path_to("studio.publish", course_id=course.id), "Bring it back",
            key=f"expired:{course.id}:{ended:%Y%m%d}",
        )  # fmt: skip
    over = _courses.c.id.in_([course.id for course in courses]) & (_courses.c.expires_at <= now)
    db.session.execute(_courses.update().where(over).values(ended_at=_courses.c.expires_at))


def warn() -> None:
    """Notify creators whose courses expire within 30 or 7 days, once for each. Idempotent."""
    early, late = max(WARN_DAYS), min(WARN_DAYS)
    now = clock.now()
    due = or_(
        Course.warned_days.is_(None),
        and_(Course.warned_days > late, Course.expires_at <= now + timedelta(days=late)),
    )
    query = (
        select(Course)
        .where(
            Course.expires_at > now,
            Course.expires_at <= now + timedelta(days=early),
            Product.status == ProductStatus.PUBLISHED,
            Product.deleted_at.is_(None),
            due,
        )
        .order_by(Course.expires_at)
        .limit(BATCH)
    )
    for course in db.session.scalars(query).all():
        assert course.expires_at is not None  # noqa: S101 - the query asks for it
        left = late if course.expires_at <= now + timedelta(days=late) else early
        # Without touching updated_at, which would make every process reload its catalogue for nothing.
        db.session.execute(_courses.update().where(_courses.c.id == course.id).values(warned_days=left))
        notifications.tell(
            course.creator_id, NotificationKind.COURSE_EXPIRING, f"“{course.title}” expires soon",
            f"It goes off sale on {course.expires_at.day} {course.expires_at:%B} unless you update it.",
            path_to("studio.publish", course_id=course.id), "Update it",
            key=f"expiring:{course.id}:{course.expires_at:%Y%m%d}:{left}",
        )  # fmt: skip

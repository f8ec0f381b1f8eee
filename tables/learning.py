"""Learning: access grants, enrollments and progress."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, Stamped, enum_of, pk
from tables.catalog import Course


class GrantSource(StrEnum):
    """The reason of an access grant."""

    PURCHASE = "purchase"
    GIFT = "gift"
    FREE = "free"
    COMPLIMENTARY = "complimentary"


class EnrollmentStatus(StrEnum):
    """The status of an enrollment."""

    ACTIVE = "active"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    SUSPENDED = "suspended"


class AccessGrant(Stamped, Base):
    """A grant of access to a course: the single source of truth for "may this person learn this course?".

    A person has one for each reason. `source_id` names it: the purchase (of a gift as well), the entry of the
    audit log by which an admin gave it, the free course itself, or the bundle that was taken for nothing.
    While it is paused (`paused_at`), because its payment is disputed, it stays theirs but opens nothing.
    """

    __tablename__ = "access_grants"
    __table_args__ = (
        UniqueConstraint("user_id", "course_id", "source", "source_id"),
        CheckConstraint(
            "(source IN ('purchase', 'gift')) = (purchase_id IS NOT NULL)", name="purchase_named"
        ),
        # Holders are counted from the index alone.
        Index("ix_access_grants_course_id_revoked_at_user_id", "course_id", "revoked_at", "user_id"),
        # And of bundles that cost nothing.
        Index(
            "ix_access_grants_taken_with",
            "source_id",
            sqlite_where=text("source = 'free' AND source_id <> course_id"),
            postgresql_where=text("source = 'free' AND source_id <> course_id"),
        ),
    )

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    source: Mapped[GrantSource] = mapped_column(enum_of(GrantSource))
    source_id: Mapped[uuid.UUID]
    purchase_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("purchases.id", ondelete="RESTRICT"), index=True
    )
    granted_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    paused_at: Mapped[datetime | None]


class Enrollment(Stamped, Base):
    """A learner in a course: progress, watch time and last lesson.

    `learner` is their name in lower case, for searches; triggers keep it. None once they have left.
    """

    __tablename__ = "enrollments"
    __table_args__ = (
        UniqueConstraint("user_id", "course_id"),
        CheckConstraint("progress_percent BETWEEN 0 AND 100", name="progress_range"),
        Index("ix_enrollments_user_id_last_accessed_at", "user_id", "last_accessed_at"),
        Index("ix_enrollments_course_id_enrolled_at", "course_id", "enrolled_at", "id", "learner"),
        Index("ix_enrollments_enrolled_at", "enrolled_at"),
        Index(
            "ix_enrollments_completed_at",
            "completed_at",
            sqlite_where=text("completed_at IS NOT NULL"),
            postgresql_where=text("completed_at IS NOT NULL"),
        ),
    )

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    status: Mapped[EnrollmentStatus] = mapped_column(
        enum_of(EnrollmentStatus), default=EnrollmentStatus.ACTIVE
    )
    progress_percent: Mapped[int] = mapped_column(default=0)
    last_lesson_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("lessons.id", ondelete="SET NULL"))
    total_watch_seconds: Mapped[int] = mapped_column(default=0)
    enrolled_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    last_accessed_at: Mapped[datetime]
    learner: Mapped[str | None] = mapped_column(String(100), deferred=True)

    course: Mapped[Course] = relationship(lazy="raise_on_sql")


class LessonProgress(Stamped, Base):
    """Progress of a learner in a lesson.

    `watched` holds the seconds really played as merged [start, end] ranges, so that replays, two tabs and two
    devices count once; `watched_seconds` is their sum. `position_seconds` is where to resume. Ranges can't
    grow faster than time passes: the time until `spent_until` is already accounted for.
    """

    __tablename__ = "lesson_progress"
    __table_args__ = (CheckConstraint("position_seconds >= 0 AND watched_seconds >= 0", name="not_negative"),)

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    lesson_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position_seconds: Mapped[int] = mapped_column(default=0)
    watched_seconds: Mapped[int] = mapped_column(default=0)
    watched: Mapped[list[Any]] = mapped_column(JSON, default=list)
    spent_until: Mapped[datetime | None]
    started_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]

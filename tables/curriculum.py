"""The curriculum: modules, lessons and their resources."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, Stamped, enum_of, pk
from tables.catalog import Course

if TYPE_CHECKING:
    from tables.media import MediaAsset


class LessonKind(StrEnum):
    """The kind of a lesson."""

    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "text"


class LessonVisibility(StrEnum):
    """The audience of a lesson of a published course."""

    PRIVATE = "private"
    MEMBERS = "members"
    PREVIEW = "preview"


class ResourceKind(StrEnum):
    """The kind of a resource."""

    PDF = "pdf"
    DOCUMENT = "document"
    SPREADSHEET = "spreadsheet"
    PRESENTATION = "presentation"
    CODE = "code"
    LINK = "link"


class Module(Stamped, Base):
    """A module of a course. `unlock_after_days` counts from the learner's enrolment (drip).

    `draft` holds the pending title and description, as in a lesson.
    """

    __tablename__ = "modules"
    __table_args__ = (
        UniqueConstraint("course_id", "position"),
        UniqueConstraint("id", "course_id"),
        CheckConstraint("unlock_after_days >= 0", name="drip_not_negative"),
    )

    id: Mapped[pk]
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    title: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int]
    published: Mapped[bool] = mapped_column(default=True)
    unlock_after_days: Mapped[int] = mapped_column(default=0)
    draft: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True), deferred=True, deferred_group="drafts"
    )

    course: Mapped[Course] = relationship(back_populates="modules", lazy="raise_on_sql")
    lessons: Mapped[list["Lesson"]] = relationship(
        back_populates="module", order_by="Lesson.position", lazy="raise_on_sql", passive_deletes="all"
    )


class Lesson(Stamped, Base):
    """A lesson. It names its course too, so that its slug is unique within it.

    `duration_seconds` is the recording's length, or the reading time of a text. `draft` holds the pending
    changes that learners don't see yet, by column name (domain/authoring/lesson_drafts.py), `typed` the
    autosaved ones; both columns are deferred. `version` grows with every save (optimistic lock).
    """

    __tablename__ = "lessons"
    __table_args__ = (
        UniqueConstraint("module_id", "position"),
        UniqueConstraint("course_id", "slug"),
        ForeignKeyConstraint(
            ["module_id", "course_id"], ["modules.id", "modules.course_id"], ondelete="CASCADE"
        ),
        CheckConstraint("duration_seconds >= 0", name="duration_not_negative"),
    )

    id: Mapped[pk]
    course_id: Mapped[uuid.UUID]
    module_id: Mapped[uuid.UUID]
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(220))
    description: Mapped[str] = mapped_column(Text, default="")
    position: Mapped[int]
    kind: Mapped[LessonKind] = mapped_column(enum_of(LessonKind), default=LessonKind.TEXT)
    visibility: Mapped[LessonVisibility] = mapped_column(
        enum_of(LessonVisibility), default=LessonVisibility.MEMBERS
    )
    body: Mapped[str] = mapped_column(Text, default="")
    body_html: Mapped[str] = mapped_column(Text, default="")
    external_video_url: Mapped[str | None] = mapped_column(String(255))
    duration_seconds: Mapped[int] = mapped_column(default=0)
    published: Mapped[bool] = mapped_column(default=True)
    draft: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True), deferred=True, deferred_group="drafts"
    )
    draft_saved_at: Mapped[datetime | None]
    typed: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True), deferred=True, deferred_group="drafts"
    )
    typed_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)

    module: Mapped[Module] = relationship(back_populates="lessons", lazy="raise_on_sql")
    media: Mapped["MediaAsset | None"] = relationship(
        back_populates="lesson",
        lazy="raise_on_sql",
        foreign_keys="MediaAsset.lesson_id",
        passive_deletes="all",
    )
    resources: Mapped[list["Resource"]] = relationship(
        lazy="raise_on_sql", order_by="Resource.position", passive_deletes="all"
    )


class Resource(Stamped, Base):
    """A resource of a lesson: a link or a stored file. `pending` means not approved yet.

    `proposed_title` is a pending new title of an approved one.
    """

    __tablename__ = "resources"
    __table_args__ = (CheckConstraint("(url IS NULL) <> (storage_key IS NULL)", name="link_or_file"),)

    id: Mapped[pk]
    lesson_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("lessons.id", ondelete="CASCADE"), index=True)
    title: Mapped[str] = mapped_column(String(200))
    kind: Mapped[ResourceKind] = mapped_column(enum_of(ResourceKind))
    url: Mapped[str | None] = mapped_column(String(500))
    storage_key: Mapped[str | None] = mapped_column(String(255))
    size: Mapped[int | None] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(default=0)
    pending: Mapped[bool] = mapped_column(default=False)
    proposed_title: Mapped[str | None] = mapped_column(String(200))

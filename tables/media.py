"""Uploads, recordings, captions, images, code archives, and courses as zip files."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, Stamped, enum_of, pk
from tables.curriculum import Lesson


class MediaKind(StrEnum):
    """The kind of a recording."""

    VIDEO = "video"
    AUDIO = "audio"


class MediaStatus(StrEnum):
    """The processing status of a recording."""

    UPLOADING = "uploading"
    PROCESSING = "processing"
    READY = "ready"
    ERROR = "error"


class MediaAsset(Stamped, Base):
    """A recording (`storage_key`, in `originals/<id>/`) and its transcoded files, in `media/<id>/`.

    `renditions` lists what can be played: [{"height": 720, "file": "720p.m3u8", "bandwidth": …}]; `mp4` and
    `playlist` name the files to offer, `chapters` is [{"start": seconds, "title": …}],
    `notes` are sentences for the creator about what was found in the file. The course's own
    preview film has no lesson. A recording pending approval names its lesson in `proposed_for` instead of
    `lesson_id`, or is a `proposed_film`. Pending chapters of a published one are in `proposed_chapters`,
    pending captions in ProposedCaption. One that `steps_in` is stored like a pending one but needs no
    approval: it replaces the present one once it is transcoded.
    """

    __tablename__ = "media_assets"
    __table_args__ = (
        CheckConstraint("(status = 'error') = (error IS NOT NULL)", name="error_says_why"),
        Index(
            "ix_media_assets_failed",
            "updated_at",
            sqlite_where=text("status = 'error'"),
            postgresql_where=text("status = 'error'"),
        ),
    )

    id: Mapped[pk]
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), index=True)
    lesson_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("lessons.id", ondelete="CASCADE"), unique=True
    )
    proposed_for: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("lessons.id", ondelete="CASCADE"), unique=True
    )
    proposed_film: Mapped[bool] = mapped_column(default=False, server_default=false())
    steps_in: Mapped[bool] = mapped_column(default=False, server_default=false())
    kind: Mapped[MediaKind] = mapped_column(enum_of(MediaKind), default=MediaKind.VIDEO)
    status: Mapped[MediaStatus] = mapped_column(enum_of(MediaStatus), default=MediaStatus.UPLOADING)
    error: Mapped[str | None] = mapped_column(String(500))
    storage_key: Mapped[str] = mapped_column(String(255))
    filename: Mapped[str] = mapped_column(String(255), default="")
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    duration_seconds: Mapped[float | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    format: Mapped[str | None] = mapped_column(String(32))
    mp4: Mapped[str | None] = mapped_column(String(100))
    playlist: Mapped[str | None] = mapped_column(String(100))
    poster: Mapped[str | None] = mapped_column(String(100))
    renditions: Mapped[list[Any]] = mapped_column(JSON, default=list)
    chapters: Mapped[list[Any]] = mapped_column(JSON, default=list)
    notes: Mapped[list[Any]] = mapped_column(JSON, default=list, server_default="[]")
    proposed_chapters: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))

    lesson: Mapped[Lesson | None] = relationship(
        back_populates="media", lazy="raise_on_sql", foreign_keys=[lesson_id]
    )
    captions: Mapped[list["Caption"]] = relationship(
        lazy="raise_on_sql", order_by="Caption.language", passive_deletes="all"
    )
    proposed_captions: Mapped[list["ProposedCaption"]] = relationship(
        lazy="raise_on_sql", order_by="ProposedCaption.language", passive_deletes="all"
    )


class Transcribed(Stamped):
    """Columns of captions: WebVTT in one language (a BCP 47 tag)."""

    id: Mapped[pk]
    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("media_assets.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(60))
    vtt: Mapped[str] = mapped_column(Text)


class Caption(Transcribed, Base):
    """Published captions."""

    __tablename__ = "captions"
    __table_args__ = (UniqueConstraint("asset_id", "language"),)


class ProposedCaption(Transcribed, Base):
    """Captions pending approval, which replace those of the same language."""

    __tablename__ = "proposed_captions"
    __table_args__ = (UniqueConstraint("asset_id", "language"),)


class Picture(Stamped, Base):
    """An image in the text of a lesson, or of a course's description when it names no lesson.

    It is visible to everybody who may open the lesson, or see the course.
    """

    __tablename__ = "pictures"

    id: Mapped[pk]
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"), index=True)
    lesson_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("lessons.id", ondelete="CASCADE"), index=True
    )
    storage_key: Mapped[str] = mapped_column(String(255))
    content_type: Mapped[str] = mapped_column(String(40))
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)


class ArchiveFormat(StrEnum):
    """The format of a code archive."""

    ZIP = "zip"
    TAR_GZ = "tar.gz"


class CodeArchive(Stamped, Base):
    """The code of a course; `sha256` is verified at every download. `pending` means not approved yet."""

    __tablename__ = "code_archives"
    __table_args__ = (UniqueConstraint("course_id", "pending"),)

    id: Mapped[pk]
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    storage_key: Mapped[str] = mapped_column(String(255))
    filename: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger)
    format: Mapped[ArchiveFormat] = mapped_column(enum_of(ArchiveFormat))
    sha256: Mapped[str] = mapped_column(String(64))
    file_count: Mapped[int]
    pending: Mapped[bool] = mapped_column(default=False)


class UploadPurpose(StrEnum):
    """The purpose of an uploaded file."""

    LESSON_MEDIA = "lesson_media"
    PREVIEW_FILM = "preview_film"
    RESOURCE = "resource"
    CODE_ARCHIVE = "code_archive"
    COURSE_IMPORT = "course_import"


class UploadState(StrEnum):
    """The state of an upload session."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class Upload(Stamped, Base):
    """An upload session in chunks; `received` is the offset to resume from (bytes).

    The storage has the true offset. `sha256` is the sender's checksum of the whole file; `remote_id` is the
    bucket's id of a multipart upload. What is made of the file has the id of its upload.
    """

    __tablename__ = "uploads"
    __table_args__ = (
        CheckConstraint("received BETWEEN 0 AND size", name="received_within_size"),
        Index("ix_uploads_user_id_state", "user_id", "state"),
        Index("ix_uploads_state_updated_at", "state", "updated_at"),
    )

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    course_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("courses.id", ondelete="CASCADE"), index=True
    )
    lesson_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("lessons.id", ondelete="CASCADE"), index=True
    )
    purpose: Mapped[UploadPurpose] = mapped_column(enum_of(UploadPurpose))
    filename: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger)
    received: Mapped[int] = mapped_column(BigInteger, default=0)
    sha256: Mapped[str | None] = mapped_column(String(64))
    remote_id: Mapped[str | None] = mapped_column(String(1024))
    state: Mapped[UploadState] = mapped_column(enum_of(UploadState), default=UploadState.OPEN)
    result_id: Mapped[uuid.UUID | None]


class TransferKind(StrEnum):
    """The direction: import or export."""

    IN = "in"
    OUT = "out"


class TransferState(StrEnum):
    """The processing state of an import or export."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class CourseTransfer(Stamped, Base):
    """An import or export: a zip that the worker reads as a course, or builds from one for download.

    `storage_key` is the zip's, `course_id` the imported or exported course, `problems` sentences that say
    what has to be corrected.
    """

    __tablename__ = "course_transfers"
    __table_args__ = (Index("ix_course_transfers_user_id_kind_created_at", "user_id", "kind", "created_at"),)

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    course_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("courses.id", ondelete="SET NULL"), index=True
    )
    kind: Mapped[TransferKind] = mapped_column(enum_of(TransferKind))
    state: Mapped[TransferState] = mapped_column(enum_of(TransferState), default=TransferState.WAITING)
    filename: Mapped[str] = mapped_column(String(255))
    storage_key: Mapped[str] = mapped_column(String(255))
    size: Mapped[int] = mapped_column(BigInteger, default=0)
    problems: Mapped[list[Any]] = mapped_column(JSON, default=list)
    finished_at: Mapped[datetime | None]

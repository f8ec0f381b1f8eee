"""The catalogue: what can be sold, how it is sorted and found, and what a course is made of."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    event,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from tables.base import Base, Stamped, enum_of, now, pk
from tables.people import User


class ProductKind(StrEnum):
    """What a product is; more kinds join when they can be sold."""

    COURSE = "course"


class Level(StrEnum):
    """Whom a product is for."""

    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class ProductStatus(StrEnum):
    """Where a product stands between its creator's desk and the shelf."""

    DRAFT = "draft"
    PENDING_REVIEW = "pending_review"
    PUBLISHED = "published"
    REJECTED = "rejected"
    EXPIRED = "expired"
    ARCHIVED = "archived"


class ProductVisibility(StrEnum):
    """Who may see a published product: everyone, holders of the link, members, nobody else."""

    PUBLIC = "public"
    UNLISTED = "unlisted"
    MEMBERS_ONLY = "members_only"
    PRIVATE = "private"


class Tier(StrEnum):
    """A course's size, which bounds its price."""

    QUICK_SKILL = "quick_skill"
    STANDARD = "standard"
    DEEP_DIVE = "deep_dive"


class UpdateState(StrEnum):
    """How far the changes to a course that learners already see have come.

    Only a creator who isn't vetted has any that wait: `editing` at their desk, `pending` with an admin,
    `returned` with notes.
    """

    NONE = "none"
    EDITING = "editing"
    PENDING = "pending"
    RETURNED = "returned"


class LessonKind(StrEnum):
    """How a lesson teaches."""

    VIDEO = "video"
    AUDIO = "audio"
    TEXT = "text"


class LessonVisibility(StrEnum):
    """Who may open a lesson of a published course."""

    PRIVATE = "private"
    MEMBERS = "members"
    PREVIEW = "preview"


class ResourceKind(StrEnum):
    """What a lesson's extra is."""

    PDF = "pdf"
    DOCUMENT = "document"
    SPREADSHEET = "spreadsheet"
    PRESENTATION = "presentation"
    CODE = "code"
    LINK = "link"


class MediaKind(StrEnum):
    """What a stored recording carries."""

    VIDEO = "video"
    AUDIO = "audio"


class MediaStatus(StrEnum):
    """How far the worker has come with a recording."""

    UPLOADING = "uploading"
    PROCESSING = "processing"
    READY = "ready"
    ERROR = "error"


class Category(Stamped, Base):
    """A shelf; a subcategory names its parent."""

    __tablename__ = "categories"

    id: Mapped[pk]
    parent_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("categories.id", ondelete="RESTRICT"), index=True
    )
    name: Mapped[str] = mapped_column(String(80), unique=True)
    slug: Mapped[str] = mapped_column(String(100), unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    icon: Mapped[str] = mapped_column(String(32), default="book")
    color: Mapped[str] = mapped_column(String(7), default="#0f766e")
    position: Mapped[int] = mapped_column(default=0)


product_tags = Table(
    "product_tags",
    Base.metadata,
    Column("product_id", ForeignKey("products.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True, index=True),
)


class Tag(Stamped, Base):
    """A word that products share."""

    __tablename__ = "tags"

    id: Mapped[pk]
    name: Mapped[str] = mapped_column(String(50))
    slug: Mapped[str] = mapped_column(String(60), unique=True)


class Product(Stamped, Base):
    """What can be sold. Prices are whole minor units of `currency`; 0 is free.

    `tier` stands here and not with the course, so that one CHECK can hold it against the price.
    `rating_avg`, `rating_count`, `sales_count` are kept by what changes them and can be re-counted.
    `thumbnail` names the files of its picture (domain/platform/images.py), `admin_notes` is what the last
    reviewer wrote to its creator.
    """

    __tablename__ = "products"
    __table_args__ = (
        CheckConstraint("price_cents >= 0", name="price_not_negative"),
        CheckConstraint("length(title) BETWEEN 1 AND 200", name="title_length"),
        CheckConstraint("length(summary) <= 300", name="summary_length"),
        CheckConstraint("meta_title IS NULL OR length(meta_title) <= 60", name="meta_title_length"),
        CheckConstraint(
            "meta_description IS NULL OR length(meta_description) <= 160", name="meta_description_length"
        ),
        CheckConstraint(
            "sale_price_cents IS NULL OR (sale_price_cents >= 0 AND sale_price_cents < price_cents)",
            name="sale_below_price",
        ),
        CheckConstraint("(sale_price_cents IS NULL) = (sale_ends_at IS NULL)", name="sale_ends"),
        CheckConstraint(
            "tier IS NULL OR (tier = 'quick_skill' AND price_cents BETWEEN 500 AND 1000)"
            " OR (tier = 'standard' AND price_cents BETWEEN 1500 AND 2500)"
            " OR (tier = 'deep_dive' AND price_cents BETWEEN 2500 AND 4000)",
            name="tier_price",
        ),
        CheckConstraint("rating_avg BETWEEN 0 AND 5", name="rating_range"),
        CheckConstraint("status <> 'published' OR published_at IS NOT NULL", name="published_when"),
        Index("ix_products_status_published_at", "status", "published_at"),
        Index("ix_products_creator_id_status", "creator_id", "status"),
        Index("ix_products_creator_id_id", "creator_id", "id"),
        Index("ix_products_category_id_status", "category_id", "status"),
        Index("ix_products_updated_at", "updated_at"),
    )
    __mapper_args__ = {"polymorphic_on": "kind"}

    id: Mapped[pk]
    kind: Mapped[ProductKind] = mapped_column(enum_of(ProductKind))
    title: Mapped[str] = mapped_column(String(200))
    slug: Mapped[str] = mapped_column(String(220), unique=True)
    summary: Mapped[str] = mapped_column(String(300), default="")
    description: Mapped[str] = mapped_column(Text, default="")
    description_html: Mapped[str] = mapped_column(Text, default="")
    creator_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    category_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("categories.id", ondelete="RESTRICT"))
    level: Mapped[Level] = mapped_column(enum_of(Level), default=Level.BEGINNER)
    tier: Mapped[Tier | None] = mapped_column(enum_of(Tier))
    price_cents: Mapped[int] = mapped_column(default=0)
    sale_price_cents: Mapped[int | None]
    sale_ends_at: Mapped[datetime | None]
    currency: Mapped[str] = mapped_column(String(3), default="usd")
    status: Mapped[ProductStatus] = mapped_column(enum_of(ProductStatus), default=ProductStatus.DRAFT)
    visibility: Mapped[ProductVisibility] = mapped_column(
        enum_of(ProductVisibility), default=ProductVisibility.PUBLIC
    )
    featured: Mapped[bool] = mapped_column(default=False)
    published_at: Mapped[datetime | None]
    view_count: Mapped[int] = mapped_column(default=0)
    sales_count: Mapped[int] = mapped_column(default=0)
    rating_avg: Mapped[float] = mapped_column(default=0.0)
    rating_count: Mapped[int] = mapped_column(default=0)
    meta_title: Mapped[str | None] = mapped_column(String(60))
    meta_description: Mapped[str | None] = mapped_column(String(160))
    thumbnail: Mapped[str | None] = mapped_column(String(64))
    admin_notes: Mapped[str] = mapped_column(Text, default="")
    deleted_at: Mapped[datetime | None]

    creator: Mapped[User] = relationship(lazy="raise_on_sql")
    category: Mapped[Category] = relationship(lazy="raise_on_sql")
    tags: Mapped[list[Tag]] = relationship(secondary=product_tags, lazy="raise_on_sql", order_by=Tag.name)

    def price_at(self, moment: datetime) -> int:
        """What it costs at `moment`, in minor units: the sale price while the sale runs."""
        on_sale = self.sale_ends_at is not None and moment < self.sale_ends_at
        return self.sale_price_cents if on_sale and self.sale_price_cents is not None else self.price_cents


course_prerequisites = Table(
    "course_prerequisites",
    Base.metadata,
    Column("course_id", ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True),
    Column("prerequisite_id", ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True, index=True),
    CheckConstraint("course_id <> prerequisite_id", name="not_itself"),
)


class Course(Product):
    """A course: a product with modules of lessons, which its creator keeps fresh.

    `warned_days` is how many days before `expires_at` the creator was last warned of it, `ended_at` the
    `expires_at` that was acted on when it came: a course that is kept fresh has another one by then.
    `lessons_counted` tells over which lessons enrolments were last counted (domain/catalog/counters.py).
    `off_with_creator`: an admin took it off sale when they suspended its creator. `draft` is what its
    creator has changed on its page and nobody else sees yet, by name (domain/authoring/page_drafts.py),
    `approved` what changes without waiting as it was when it was last approved
    (domain/authoring/settled_values.py).
    """

    __tablename__ = "courses"
    __table_args__ = (  # type: ignore[assignment]  # each class of a hierarchy has its own table
        CheckConstraint("duration_seconds >= 0 AND lesson_count >= 0", name="totals_not_negative"),
        Index("ix_courses_expires_at", "expires_at"),
        Index(
            "ix_courses_still_to_end",
            "expires_at",
            sqlite_where=text("ended_at IS NULL OR ended_at <> expires_at"),
            postgresql_where=text("ended_at IS NULL OR ended_at <> expires_at"),
        ),
    )
    __mapper_args__ = {"polymorphic_identity": ProductKind.COURSE}

    id: Mapped[uuid.UUID] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    technology: Mapped[str] = mapped_column(String(60), default="")
    language: Mapped[str] = mapped_column(String(16), default="en")
    objectives: Mapped[list[Any]] = mapped_column(JSON, default=list)
    prerequisites: Mapped[list[Any]] = mapped_column(JSON, default=list)
    sequential: Mapped[bool] = mapped_column(default=False)
    duration_seconds: Mapped[int] = mapped_column(default=0)
    lesson_count: Mapped[int] = mapped_column(default=0)
    lessons_counted: Mapped[str | None] = mapped_column(String(32))
    content_updated_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    warned_days: Mapped[int | None]
    ended_at: Mapped[datetime | None]
    update_state: Mapped[UpdateState] = mapped_column(enum_of(UpdateState), default=UpdateState.NONE)
    off_with_creator: Mapped[bool] = mapped_column(default=False, server_default=false())
    draft: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True), deferred=True, deferred_group="drafts"
    )
    approved: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True), deferred=True, deferred_group="drafts"
    )

    modules: Mapped[list["Module"]] = relationship(
        back_populates="course", order_by="Module.position", lazy="raise_on_sql", passive_deletes="all"
    )
    required_courses: Mapped[list["Course"]] = relationship(
        secondary=course_prerequisites,
        primaryjoin="Course.id == course_prerequisites.c.course_id",
        secondaryjoin="Course.id == course_prerequisites.c.prerequisite_id",
        lazy="raise_on_sql",
    )


@event.listens_for(Course, "before_update")
def _stamp(_mapper: object, _connection: object, course: Course) -> None:
    """A change to a course's own columns is a change of the product: the catalogue watches its stamp."""
    session = object_session(course)
    if session is not None and session.is_modified(course, include_collections=False):
        course.updated_at = now()


class SlugRedirect(Base):
    """An address a product once had, which keeps leading to it."""

    __tablename__ = "slug_redirects"

    slug: Mapped[str] = mapped_column(String(220), primary_key=True)
    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), index=True)


class SearchDocument(Base):
    """The words by which a product is found; the full-text index is built over this table.

    The integer key is what FTS5 needs for its rows; nothing outside search knows it.
    """

    __tablename__ = "search_documents"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), unique=True)
    title: Mapped[str] = mapped_column(Text)
    keywords: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text, default="")


class Module(Stamped, Base):
    """A part of a course. `unlock_after_days` counts from the learner's enrolment (drip).

    `draft` is what of its title and description waits for approval, as in a lesson.
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
    """One sitting of a course. It names its course too, so that its address is unique within it.

    `duration_seconds` is the recording's length, or the reading time of a text. `draft` holds what its
    creator has changed and learners don't see yet, by column name (domain/authoring/lesson_drafts.py),
    `typed` what somebody has typed in the editor and not saved; both are loaded only when asked for.
    `version` grows with every save, so that nobody overwrites what they haven't seen.
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
    """Something to take along from a lesson: a link or a stored file. A pending one waits for approval.

    `proposed_title` is another title for one that isn't pending, which waits likewise.
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


class MediaAsset(Stamped, Base):
    """A recording (`storage_key`, in `originals/<id>/`) and what the worker made of it, in `media/<id>/`.

    `renditions` lists what can be played: [{"height": 720, "file": "720p.m3u8", "bandwidth": …}];
    `mp4` and `playlist` name the files to offer, `chapters` is [{"start": seconds, "title": …}].
    The course's own preview film has no lesson. One that waits for approval names its lesson in
    `proposed_for` instead of `lesson_id`, or is a `proposed_film`. Of one that learners see, other chapters
    wait in `proposed_chapters` and other captions in ProposedCaption. One that `steps_in` is named like one
    that waits for approval, but waits for the worker alone: it takes its place by itself once it can be
    played.
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
    """What is said in a recording, as WebVTT, in one language (a BCP 47 tag)."""

    id: Mapped[pk]
    asset_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("media_assets.id", ondelete="CASCADE"))
    language: Mapped[str] = mapped_column(String(16))
    label: Mapped[str] = mapped_column(String(60))
    vtt: Mapped[str] = mapped_column(Text)


class Caption(Transcribed, Base):
    """Captions as they are shown."""

    __tablename__ = "captions"
    __table_args__ = (UniqueConstraint("asset_id", "language"),)


class ProposedCaption(Transcribed, Base):
    """Captions that wait for approval, to take the place of those in the same language."""

    __tablename__ = "proposed_captions"
    __table_args__ = (UniqueConstraint("asset_id", "language"),)


class Picture(Stamped, Base):
    """A picture in the text of a lesson, or of a course's description when it names no lesson.

    Whoever may open the lesson, or see the course, may see it.
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
    """How a code archive is packed."""

    ZIP = "zip"
    TAR_GZ = "tar.gz"


class CodeArchive(Stamped, Base):
    """The code of a course, packed; `sha256` is checked at every download. One that is pending must wait."""

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
    """What a file is for once it has arrived."""

    LESSON_MEDIA = "lesson_media"
    PREVIEW_FILM = "preview_film"
    RESOURCE = "resource"
    CODE_ARCHIVE = "code_archive"
    COURSE_IMPORT = "course_import"


class UploadState(StrEnum):
    """How far an upload has come."""

    OPEN = "open"
    DONE = "done"
    CANCELLED = "cancelled"


class Upload(Stamped, Base):
    """A file that comes in chunks; `received` is where it goes on after a dropped connection (bytes).

    How far it really is, the storage says. `sha256` is what the sender says the whole has; `remote_id` is the
    bucket's own name for an upload in parts. What is made of the file has the id of its upload.
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
    """Which way a course goes."""

    IN = "in"
    OUT = "out"


class TransferState(StrEnum):
    """How far the worker has come with it."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


class CourseTransfer(Stamped, Base):
    """A course that the worker reads from a zip somebody sent, or packs into one for them to fetch.

    `storage_key` is the zip's, `course_id` the course that was made or is packed, `problems` sentences that
    say what has to be put right.
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

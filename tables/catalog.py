"""The catalogue: products, courses, categories, tags, slugs and search documents."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    event,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from tables.base import Base, Stamped, UtcDateTime, enum_of, now, pk
from tables.people import User

if TYPE_CHECKING:
    from tables.curriculum import Module
    from tables.media import CodeArchive


class ProductKind(StrEnum):
    """The kind of a product."""

    COURSE = "course"
    BUNDLE = "bundle"


class Level(StrEnum):
    """The level of experience a product is for."""

    BEGINNER = "beginner"
    INTERMEDIATE = "intermediate"
    ADVANCED = "advanced"


class ProductStatus(StrEnum):
    """The publication status of a product."""

    DRAFT = "draft"
    PENDING_REVIEW = "pending_review"
    PUBLISHED = "published"
    REJECTED = "rejected"
    EXPIRED = "expired"
    ARCHIVED = "archived"


class ProductVisibility(StrEnum):
    """The audience of a published product: everyone, holders of the link, members, nobody else."""

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
    """The moderation state of changes to a published course.

    Only creators who aren't vetted have pending changes: `editing` before submission, `pending` in the
    moderation queue, `returned` with notes.
    """

    NONE = "none"
    EDITING = "editing"
    PENDING = "pending"
    RETURNED = "returned"


class Category(Stamped, Base):
    """A category; a subcategory names its parent."""

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
    """A tag of products."""

    __tablename__ = "tags"

    id: Mapped[pk]
    name: Mapped[str] = mapped_column(String(50))
    slug: Mapped[str] = mapped_column(String(60), unique=True)


class Product(Stamped, Base):
    """A product. Prices are whole minor units of `currency`; 0 is free.

    `tier` is here and not in `courses`, so that one CHECK can compare it with the price; the bounds for other
    currencies than US dollars are in domain/authoring/course_price.py. `rating_avg`,
    `reference_price_cents` is the lowest price of the 30 days before the sale that was set last, if that was
    higher (domain/catalog/price_history.py).
    `rating_count`, `purchase_count` (completed sales) and `holder_count` (people who have it) can be
    recomputed. `thumbnail` names the files of its picture (domain/platform/images.py), `admin_notes` are the
    last reviewer's notes to its creator.
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
            "tier IS NULL OR currency <> 'usd' OR (tier = 'quick_skill' AND price_cents BETWEEN 500 AND 1000)"
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
    reference_price_cents: Mapped[int | None]
    currency: Mapped[str] = mapped_column(String(3), default="usd")
    status: Mapped[ProductStatus] = mapped_column(enum_of(ProductStatus), default=ProductStatus.DRAFT)
    visibility: Mapped[ProductVisibility] = mapped_column(
        enum_of(ProductVisibility), default=ProductVisibility.PUBLIC
    )
    featured: Mapped[bool] = mapped_column(default=False)
    published_at: Mapped[datetime | None]
    view_count: Mapped[int] = mapped_column(default=0)
    purchase_count: Mapped[int] = mapped_column(default=0)
    holder_count: Mapped[int] = mapped_column(default=0)
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
        """Return the price at `moment` in minor units: the sale price during a sale."""
        on_sale = self.sale_ends_at is not None and moment < self.sale_ends_at
        return self.sale_price_cents if on_sale and self.sale_price_cents is not None else self.price_cents


class PriceChange(Base):
    """A price of a product and the moment from which it applies, in minor units of `currency`.

    The end of a sale is a row in the future, which is gone again if the sale is changed before.
    """

    __tablename__ = "price_changes"
    __table_args__ = (CheckConstraint("price_cents >= 0", name="price_not_negative"),)

    product_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("products.id", ondelete="CASCADE"), primary_key=True
    )
    applies_from: Mapped[datetime] = mapped_column(primary_key=True)
    price_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))


course_prerequisites = Table(
    "course_prerequisites",
    Base.metadata,
    Column("course_id", ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True),
    Column("prerequisite_id", ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True, index=True),
    # NULL is advice. A lock concerns those who order the course, or are given it, from that moment on.
    Column("locks_since", UtcDateTime()),
    CheckConstraint("course_id <> prerequisite_id", name="not_itself"),
)


class Course(Product):
    """A course: a product with modules of lessons, which expires unless its creator updates it.

    `warned_days` is how many days before `expires_at` the creator was last warned, `ended_at` the value of
    `expires_at` whose expiry has been handled: an updated course has a later one by then. `lessons_counted`
    is the fingerprint of the lessons that progress was last computed over (domain/catalog/counters.py).
    `off_with_creator`: an admin took it off sale when they suspended its creator. `code` is the published
    archive. `draft` holds the pending
    changes of its page, by name (domain/authoring/page_drafts.py), `approved` the last approved values of
    what changes without approval (domain/authoring/approved_settings.py).
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
    code: Mapped["CodeArchive | None"] = relationship(
        primaryjoin="and_(CodeArchive.course_id == Course.id, CodeArchive.pending.is_(False))",
        viewonly=True,
        lazy="raise_on_sql",
    )
    required_courses: Mapped[list["Course"]] = relationship(
        secondary=course_prerequisites,
        primaryjoin="Course.id == course_prerequisites.c.course_id",
        secondaryjoin="Course.id == course_prerequisites.c.prerequisite_id",
        lazy="raise_on_sql",
    )


@event.listens_for(Course, "before_update")
def _stamp(_mapper: object, _connection: object, course: Course) -> None:
    """Touch `updated_at` of the product when only columns of the course change: the index cache polls it."""
    session = object_session(course)
    if session is not None and session.is_modified(course, include_collections=False):
        course.updated_at = now()


class SlugRedirect(Base):
    """A former slug of a product, which redirects to its page."""

    __tablename__ = "slug_redirects"

    slug: Mapped[str] = mapped_column(String(220), primary_key=True)
    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), index=True)


class SearchDocument(Base):
    """The searchable text of a product; the full-text index is built over this table.

    FTS5 needs an integer key for its rows; nothing outside search uses it. `version` tells by which rules the
    texts were cut into words.
    """

    __tablename__ = "search_documents"

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), unique=True)
    title: Mapped[str] = mapped_column(Text)
    keywords: Mapped[str] = mapped_column(Text, default="")
    body: Mapped[str] = mapped_column(Text, default="")
    version: Mapped[str] = mapped_column(String(40), default="none", server_default="none", index=True)

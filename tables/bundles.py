"""Bundles: several courses that are sold together."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, event, false
from sqlalchemy.orm import Mapped, mapped_column, object_session, relationship

from tables.base import Base, enum_of, now
from tables.catalog import Course, Product, ProductKind, UpdateState


class Bundle(Product):
    """A bundle: a product that sells courses together.

    `update_state` and `draft` are of changes that wait for approval, as a course's are; `draft` holds them by
    name. `off_with_creator`: an admin took it off sale when they suspended its creator.
    """

    __tablename__ = "bundles"
    __mapper_args__ = {"polymorphic_identity": ProductKind.BUNDLE}
    __table_args__ = ()  # type: ignore[assignment]  # each class of a hierarchy has its own table

    id: Mapped[uuid.UUID] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    update_state: Mapped[UpdateState] = mapped_column(enum_of(UpdateState), default=UpdateState.NONE)
    off_with_creator: Mapped[bool] = mapped_column(default=False, server_default=false())
    draft: Mapped[dict[str, Any] | None] = mapped_column(
        JSON(none_as_null=True), deferred=True, deferred_group="drafts"
    )

    courses: Mapped[list["BundleCourse"]] = relationship(
        back_populates="bundle", order_by="BundleCourse.position", lazy="raise_on_sql", passive_deletes="all"
    )


class BundleCourse(Base):
    """A course of a bundle. It can't be deleted while it is in one.

    It counts from `agreed_at`, when its creator agreed: at once for their own bundle. NULL while they have
    been asked (by the admin `asked_by`). `for_buyers`: whoever had bought the bundle before got it as well.
    """

    __tablename__ = "bundle_courses"
    __table_args__ = (
        CheckConstraint("position >= 1", name="position_positive"),
        Index("ix_bundle_courses_course_id", "course_id"),
    )

    bundle_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("bundles.id", ondelete="CASCADE"), primary_key=True
    )
    course_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("courses.id", ondelete="RESTRICT"), primary_key=True
    )
    position: Mapped[int]
    added_at: Mapped[datetime] = mapped_column(default=now)
    agreed_at: Mapped[datetime | None]
    for_buyers: Mapped[bool] = mapped_column(default=False, server_default=false())
    asked_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    bundle: Mapped[Bundle] = relationship(back_populates="courses", lazy="raise_on_sql")
    course: Mapped[Course] = relationship(lazy="raise_on_sql")


@event.listens_for(Bundle, "before_update")
def _stamp(_mapper: object, _connection: object, bundle: Bundle) -> None:
    """Touch `updated_at` of the product when only columns of the bundle change: caches poll it."""
    session = object_session(bundle)
    if session is not None and session.is_modified(bundle, include_collections=False):
        bundle.updated_at = now()

"""Community: reviews, votes, reports, and the moderation decisions about them."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, Stamped, enum_of, pk
from tables.people import User


class ReportReason(StrEnum):
    """The reason of a report."""

    SPAM = "spam"
    ABUSE = "abuse"
    OFF_TOPIC = "off_topic"
    SPOILER = "spoiler"
    OTHER = "other"


class Review(Stamped, Base):
    """A rating and comment of a product by somebody who has it; hidden while flagged, until approved.

    `edited_at` is the time of its author's last change; `updated_at` changes with every vote too. `reply` is
    the creator's reply, `reply_hidden` whether only they and admins see it.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("user_id", "product_id"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating_range"),
        CheckConstraint("length(comment) <= 5000", name="comment_length"),
        CheckConstraint("length(reply) <= 5000", name="reply_length"),
        Index("ix_reviews_product_id_created_at", "product_id", "created_at"),
        Index("ix_reviews_product_id_helpful_count", "product_id", "helpful_count", "created_at"),
        # Covering index of the histogram.
        Index("ix_reviews_product_id_rating", "product_id", "rating", "flagged", "approved"),
        Index("ix_reviews_flagged_created_at", "flagged", "created_at"),
    )

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    rating: Mapped[int]
    comment: Mapped[str] = mapped_column(Text, default="")
    flagged: Mapped[bool] = mapped_column(default=False)
    approved: Mapped[bool] = mapped_column(default=False)
    helpful_count: Mapped[int] = mapped_column(default=0)
    edited_at: Mapped[datetime | None]
    reply: Mapped[str] = mapped_column(Text, default="")
    replied_at: Mapped[datetime | None]
    reply_hidden: Mapped[bool] = mapped_column(default=False, server_default=false())

    user: Mapped[User] = relationship(lazy="raise_on_sql")


class Standing(StrEnum):
    """The moderation state of a review or reply: reported and undecided, hidden, or approved."""

    REPORTED = "reported"
    HIDDEN = "hidden"
    APPROVED = "approved"


class ReviewStanding(Stamped, Base):
    """The moderation state of a person's review of a product; it survives the deletion of the review.

    `words` is the SHA-256 of the approved comment. `dismissed` are the ids, as text, of people whose report
    of that comment was dismissed.
    """

    __tablename__ = "review_standings"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    product_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("products.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    standing: Mapped[Standing] = mapped_column(enum_of(Standing))
    words: Mapped[str] = mapped_column(String(64), default="")
    dismissed: Mapped[list[Any]] = mapped_column(JSON, default=list)


class ReplyStanding(Stamped, Base):
    """The moderation state of a creator's reply to the review by `reviewer_id`; it survives both.

    `words` and `dismissed` are as in ReviewStanding.
    """

    __tablename__ = "reply_standings"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    reviewer_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    product_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("products.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    standing: Mapped[Standing] = mapped_column(enum_of(Standing))
    words: Mapped[str] = mapped_column(String(64), default="")
    dismissed: Mapped[list[Any]] = mapped_column(JSON, default=list)


class ReviewVote(Stamped, Base):
    """A helpful vote for a review."""

    __tablename__ = "review_votes"

    review_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("reviews.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class ReportOutcome(StrEnum):
    """The outcome of a report."""

    UPHELD = "upheld"
    DISMISSED = "dismissed"


class Report(Stamped, Base):
    """A report of a review, of the reply to it (`about_reply`) or of a product.

    `outcome` is None until an admin has decided.
    """

    __tablename__ = "reports"
    __table_args__ = (
        UniqueConstraint("review_id", "user_id", "about_reply"),
        UniqueConstraint("product_id", "user_id"),
        CheckConstraint("(review_id IS NULL) <> (product_id IS NULL)", name="review_or_product"),
    )

    id: Mapped[pk]
    review_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"))
    product_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    about_reply: Mapped[bool] = mapped_column(default=False, server_default=false())
    reason: Mapped[ReportReason] = mapped_column(enum_of(ReportReason))
    note: Mapped[str] = mapped_column(String(500), default="")
    outcome: Mapped[ReportOutcome | None] = mapped_column(enum_of(ReportOutcome))
    closed_at: Mapped[datetime | None]

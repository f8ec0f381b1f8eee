"""Stripe's books beside ours: its movements, the nightly checks, and what disagrees."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, enum_of, now, pk
from tables.commerce import Order
from tables.people import User


class MatchedKind(StrEnum):
    """The kind of our row that a movement belongs to."""

    ORDER = "order"
    REFUND = "refund"
    DISPUTE = "dispute"
    PAYOUT = "payout"


class StripeMovement(Base):
    """A balance transaction, as Stripe has it: `net_cents` is what our balance there changed by.

    `gross_cents`, `fee_cents` and `net_cents` are in minor units of `currency`, the balance's; `paid_cents`
    of `paid_currency` is the same as `gross_cents` in what the buyer paid in. `source_id` is the object at
    Stripe that moved the money, `parent_id` its payment or the transfer it reverses, `our_id` what it names
    as our row ("" for none). `matched_id` is our row that it belongs to, null when there is none.
    """

    __tablename__ = "stripe_movements"
    __table_args__ = (
        CheckConstraint("net_cents = gross_cents - fee_cents", name="net_adds_up"),
        CheckConstraint("(matched_kind IS NULL) = (matched_id IS NULL)", name="match_whole"),
        # Covering indexes: sums and comparisons are read from the index alone.
        Index(
            "ix_stripe_movements_moved_at", *("moved_at", "currency", "category", "gross_cents", "fee_cents")
        ),
        Index(
            "ix_stripe_movements_matched_id", *("matched_id", "matched_kind", "paid_cents", "paid_currency")
        ),
        Index("ix_stripe_movements_currency_net_cents", "currency", "net_cents"),
        Index(
            "ix_stripe_movements_unmatched",
            "category",
            "moved_at",
            sqlite_where=text("matched_id IS NULL"),
            postgresql_where=text("matched_id IS NULL"),
        ),
        Index(
            "ix_stripe_movements_with_fee",
            "moved_at",
            "id",
            sqlite_where=text("fee_cents <> 0"),
            postgresql_where=text("fee_cents <> 0"),
        ),
    )

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    type: Mapped[str] = mapped_column(String(60))
    category: Mapped[str] = mapped_column(String(60))
    source_id: Mapped[str] = mapped_column(String(255), index=True)
    parent_id: Mapped[str] = mapped_column(String(255), default="")
    our_id: Mapped[str] = mapped_column(String(255), default="")
    gross_cents: Mapped[int]
    fee_cents: Mapped[int]
    net_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    paid_cents: Mapped[int]
    paid_currency: Mapped[str] = mapped_column(String(3))
    moved_at: Mapped[datetime]
    available_at: Mapped[datetime]
    matched_kind: Mapped[MatchedKind | None] = mapped_column(enum_of(MatchedKind))
    matched_id: Mapped[uuid.UUID | None]


class BooksCheck(Base):
    """A comparison with Stripe's books, which reads the movements from `since` up to `until`, newest first.

    `last_read` is the last movement that was stored, where it goes on after an interruption. One is open at a
    time. `balances` are, once it has finished, per currency what our movements add up to and what Stripe says
    ({"usd": [1900, 1900]}).
    """

    __tablename__ = "books_checks"
    __table_args__ = (Index("ix_books_checks_finished_at", "finished_at"),)

    id: Mapped[pk]
    since: Mapped[datetime]
    until: Mapped[datetime]
    last_read: Mapped[str] = mapped_column(String(255), default="")
    pages: Mapped[int] = mapped_column(default=0)
    movements: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]
    balances: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)


class FindingKind(StrEnum):
    """The kind of a difference between Stripe's books and ours."""

    PAYMENT_UNKNOWN = "payment_unknown"
    PAYMENT_MISSING = "payment_missing"
    PAYMENT_DIFFERS = "payment_differs"
    REFUND_UNKNOWN = "refund_unknown"
    REFUND_DIFFERS = "refund_differs"
    DISPUTE_UNKNOWN = "dispute_unknown"
    DISPUTE_DIFFERS = "dispute_differs"
    TRANSFER_UNKNOWN = "transfer_unknown"
    TRANSFER_DIFFERS = "transfer_differs"
    BALANCE_DIFFERS = "balance_differs"


class BooksFinding(Base):
    """A difference between Stripe's books and ours, as `sentence` says it; `key` names it.

    `amount_cents` of `currency` is by how much they differ, `subject` what it is about at Stripe. It concerns
    the creators of `order_id`, or `creator_id`, who aren't paid while it is open. `resolution` says what
    ended it; without `resolved_by_id` it vanished by itself.
    """

    __tablename__ = "books_findings"
    __table_args__ = (
        CheckConstraint("(resolved_at IS NULL) = (resolution IS NULL)", name="resolution_ends"),
        Index(
            "ix_books_findings_open",
            "found_at",
            "id",
            sqlite_where=text("resolved_at IS NULL"),
            postgresql_where=text("resolved_at IS NULL"),
        ),
        Index("ix_books_findings_resolved_at_id", "resolved_at", "id"),
    )

    id: Mapped[pk]
    key: Mapped[str] = mapped_column(String(300), unique=True)
    kind: Mapped[FindingKind] = mapped_column(enum_of(FindingKind))
    sentence: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(String(255), default="")
    amount_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    order_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("orders.id", ondelete="RESTRICT"), index=True
    )
    creator_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True
    )
    found_at: Mapped[datetime] = mapped_column(default=now)
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str | None] = mapped_column(String(1000))
    resolved_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))

    order: Mapped[Order | None] = relationship(lazy="raise_on_sql")
    creator: Mapped[User | None] = relationship(foreign_keys=[creator_id], lazy="raise_on_sql")
    resolved_by: Mapped[User | None] = relationship(foreign_keys=[resolved_by_id], lazy="raise_on_sql")

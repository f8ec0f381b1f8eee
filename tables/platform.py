"""The platform: settings, jobs, backups, audit log, moderation queue and notifications."""

import json
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
    true,
)
from sqlalchemy.orm import Mapped, mapped_column

from tables.base import Base, Stamped, enum_of, now, pk


class JobState(StrEnum):
    """The state of a job; a dead one has used up its attempts and needs a person."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    DEAD = "dead"


class Lane(StrEnum):
    """A lane of the worker, with threads of its own.

    What takes minutes is in the slow one, so that it never holds up mail and payments.
    """

    QUICK = "quick"
    SLOW = "slow"


REFUND_TERMS = "Changed your mind? Ask for a refund within {days} of buying."

REFUND_OUTCOMES = {
    "late": "refuse", "used": "person", "finished": "refuse", "often": "person", "otherwise": "at_once"
}  # fmt: skip
WITHDRAWAL = (
    "If you bought as a consumer, you can withdraw from the contract within 14 days of buying, without "
    "giving a reason. We pay back the full price, the way you paid."
)
WITHDRAWAL_ENDED = (
    "You asked us to start right away, and agreed that you lose the right to withdraw once the first lesson "
    "is opened. It has been opened."
)


class TaxMode(StrEnum):
    """The way in which the shop taxes sales: not at all, by rates of its own, or by Stripe Tax."""

    NONE = "none"
    OWN = "own"
    STRIPE = "stripe"


TERMS = "I agree to the terms of sale."
IMMEDIATE_DELIVERY = (
    "I want to start right away. I know that I lose my right of withdrawal once I open the first lesson."
)


class PlatformSettings(Stamped, Base):
    """The settings of the shop; there is one row, with id 1.

    `require_review`: submissions of creators who aren't vetted need approval. `pause_disputed`: access pauses
    while its payment is disputed. `logo` names the files of the
    picture (domain/platform/images.py), `social` is [{"label": …, "url": …}], `timezone` the shop's own,
    `currency` that of new courses (ISO, lower case). `refund_terms` is the sentence about changing one's
    mind, with “{days}” for the refund period.
    `featured` is the order of the featured products on the home page: their ids as text. `held_words` are
    words and phrases that hide a review until an admin has approved it. `admin_second_factor`: admins must
    have one; `admin_idle_minutes`: the idle timeout after which admins have to re-authenticate.

    Creators are paid on `payout_day` of each month, from `payout_minimum_cents` of the shop's currency on;
    `payout_vat_bp` is the VAT on top for those in the seller's country, None: its rate in `tax_rates`.
    `tax_rates` are basis points by country: {"DE": 1900}. `tax_seller_rate`: consumers in all of the EU pay
    the seller's rate. `tax_sentence` is printed on documents while nothing is taxed. `seller_…` are the
    particulars of the legal seller, and `statement_descriptor` is what card statements show. What buyers
    consent to before they pay has a switch, a text and its version, which each new text raises.
    `refund_returns_coupon`: a refunded order gives the use of its coupon back; `creators_refund`: creators
    may refund their own sales.

    `refund_outcomes` is what each rule of the refund policy does (domain/refunds/policy.py);
    `refund_used_percent` is the share of a course from which one of them applies, `refund_often` the number
    of refunds in a year. `withdrawal_text` and `withdrawal_ended_text` are the legal sentences about the EU's
    right of withdrawal.
    """

    __tablename__ = "platform_settings"
    __table_args__ = (
        CheckConstraint("id = 1", name="one_row"),
        CheckConstraint("platform_fee_percent BETWEEN 0 AND 100", name="fee_range"),
        CheckConstraint("refund_window_days >= 0", name="window_not_negative"),
        CheckConstraint("payout_day BETWEEN 1 AND 28", name="payout_day_range"),
        CheckConstraint("payout_minimum_cents > 0", name="payout_minimum_positive"),
        CheckConstraint("payout_vat_bp BETWEEN 0 AND 9999", name="payout_vat_range"),
        CheckConstraint("tax_mode = 'none' OR seller_country <> ''", name="tax_needs_a_country"),
        CheckConstraint("refund_used_percent BETWEEN 0 AND 100 AND refund_often >= 1", name="policy_range"),
        CheckConstraint("NOT withdrawal_on OR refund_window_days >= 14", name="withdrawal_window"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=1, autoincrement=False)
    name: Mapped[str] = mapped_column(String(60), default="Lectern")
    primary_color: Mapped[str] = mapped_column(String(7), default="#0f766e")
    hero_title: Mapped[str] = mapped_column(
        String(120), default="Learn the craft from people who practise it"
    )
    hero_subtitle: Mapped[str] = mapped_column(
        String(300),
        default="Short, honest courses with real code. Buy once, keep them, learn in the browser.",
    )
    contact_email: Mapped[str] = mapped_column(String(254), default="hello@example.com")
    platform_fee_percent: Mapped[int] = mapped_column(default=30)
    refund_window_days: Mapped[int] = mapped_column(default=30)
    payout_day: Mapped[int] = mapped_column(default=1, server_default="1")
    payout_minimum_cents: Mapped[int] = mapped_column(default=1000, server_default="1000")
    payout_vat_bp: Mapped[int | None]
    refund_terms: Mapped[str] = mapped_column(Text, default=REFUND_TERMS, server_default=REFUND_TERMS)
    currency: Mapped[str] = mapped_column(String(3), default="usd", server_default="usd")
    pause_disputed: Mapped[bool] = mapped_column(default=True, server_default=true())
    require_review: Mapped[bool] = mapped_column(default=True)
    admin_second_factor: Mapped[bool] = mapped_column(default=False, server_default=false())
    admin_idle_minutes: Mapped[int] = mapped_column(default=60, server_default="60")
    logo: Mapped[str | None] = mapped_column(String(64))
    about: Mapped[str] = mapped_column(Text, default="")
    about_html: Mapped[str] = mapped_column(Text, default="")
    rendered_with: Mapped[int] = mapped_column(default=0, server_default="0")
    social: Mapped[list[Any]] = mapped_column(JSON, default=list)
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    featured: Mapped[list[Any]] = mapped_column(JSON, default=list)
    held_words: Mapped[list[Any]] = mapped_column(JSON, default=list, server_default=text("'[]'"))
    tax_mode: Mapped[TaxMode] = mapped_column(
        enum_of(TaxMode), default=TaxMode.NONE, server_default=TaxMode.NONE.value
    )
    tax_rates: Mapped[dict[str, int]] = mapped_column(JSON, default=dict, server_default=text("'{}'"))
    prices_include_tax: Mapped[bool] = mapped_column(default=True, server_default=true())
    tax_seller_rate: Mapped[bool] = mapped_column(default=False, server_default=false())
    tax_sentence: Mapped[str] = mapped_column(String(500), default="")
    seller_name: Mapped[str] = mapped_column(String(120), default="")
    seller_address: Mapped[str] = mapped_column(String(500), default="")
    seller_country: Mapped[str] = mapped_column(String(2), default="")
    seller_vat_id: Mapped[str] = mapped_column(String(20), default="")
    statement_descriptor: Mapped[str] = mapped_column(String(22), default="")
    ask_terms: Mapped[bool] = mapped_column(default=False, server_default=false())
    terms_text: Mapped[str] = mapped_column(String(500), default=TERMS, server_default=TERMS)
    terms_version: Mapped[int] = mapped_column(default=1, server_default="1")
    ask_delivery: Mapped[bool] = mapped_column(default=False, server_default=false())
    delivery_text: Mapped[str] = mapped_column(
        String(500), default=IMMEDIATE_DELIVERY, server_default=IMMEDIATE_DELIVERY
    )
    delivery_version: Mapped[int] = mapped_column(default=1, server_default="1")
    refund_returns_coupon: Mapped[bool] = mapped_column(default=False, server_default=false())
    creators_refund: Mapped[bool] = mapped_column(default=False, server_default=false())
    refund_outcomes: Mapped[dict[str, str]] = mapped_column(
        JSON, default=lambda: dict(REFUND_OUTCOMES), server_default=json.dumps(REFUND_OUTCOMES)
    )
    refund_used_percent: Mapped[int] = mapped_column(default=30, server_default="30")
    refund_often: Mapped[int] = mapped_column(default=3, server_default="3")
    withdrawal_on: Mapped[bool] = mapped_column(default=False, server_default=false())
    withdrawal_text: Mapped[str] = mapped_column(Text, default=WITHDRAWAL, server_default=WITHDRAWAL)
    withdrawal_ended_text: Mapped[str] = mapped_column(
        String(500), default=WITHDRAWAL_ENDED, server_default=WITHDRAWAL_ENDED
    )


class Job(Stamped, Base):
    """A unit of work outside the request, written in the transaction that causes it.

    `payload` has the arguments of its kind's verb. `unique_key` is an idempotency key. A running job holds a
    lease; when its worker dies the lease expires, and another worker takes the job over.
    """

    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_lane_state_run_after", "lane", "state", "run_after"),
        Index("ix_jobs_state_created_at", "state", "created_at"),
    )

    id: Mapped[pk]
    kind: Mapped[str] = mapped_column(String(60), index=True)
    lane: Mapped[Lane] = mapped_column(enum_of(Lane), default=Lane.QUICK, server_default=Lane.QUICK.value)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    unique_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    state: Mapped[JobState] = mapped_column(enum_of(JobState), default=JobState.QUEUED)
    attempts: Mapped[int] = mapped_column(default=0)
    run_after: Mapped[datetime] = mapped_column(default=now)
    leased_until: Mapped[datetime | None]
    lease: Mapped[uuid.UUID | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    finished_at: Mapped[datetime | None]


class WorkerBeat(Base):
    """The heartbeat of a worker process, one row each, for /readyz."""

    __tablename__ = "worker_beats"

    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    at: Mapped[datetime]


class BackupRecord(Stamped, Base):
    """A backup, or a series of failed attempts at one.

    The backup's own manifest is the truth; the worker copies it here. Without a `name` nothing was made, and
    `problem` says why; `tries` in a row that failed alike are one record. `kind` is domain/backup's, or
    "proof" for a proof that couldn't even begin. Sizes are bytes; `gone_at` is when it was found missing.
    """

    __tablename__ = "backup_records"
    __table_args__ = (
        Index("ix_backup_records_made_at", "made_at"),
        CheckConstraint("name IS NOT NULL OR problem IS NOT NULL", name="made_or_failed"),
    )

    id: Mapped[pk]
    name: Mapped[str | None] = mapped_column(String(120), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    made_at: Mapped[datetime]
    seconds: Mapped[float] = mapped_column(default=0.0)
    revision: Mapped[str] = mapped_column(String(40), default="")
    database_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    files: Mapped[int] = mapped_column(default=0)
    file_bytes: Mapped[int] = mapped_column(BigInteger, default=0)
    encrypted: Mapped[bool] = mapped_column(default=False)
    problem: Mapped[str | None] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(default=1)
    gone_at: Mapped[datetime | None]
    proved_at: Mapped[datetime | None]
    proof_ok: Mapped[bool | None]
    proof_problems: Mapped[list[Any]] = mapped_column(JSON, default=list)
    proof_seconds: Mapped[float | None]


class AuditEntry(Base):
    """An entry of the audit log: actor, action, subject and time; append-only."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_subject_type_subject_id", "subject_type", "subject_id"),
        Index("ix_audit_entries_action_at", "action", "at"),
        Index("ix_audit_entries_actor_id_at", "actor_id", "at"),
    )

    id: Mapped[pk]
    at: Mapped[datetime] = mapped_column(default=now, index=True)
    actor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    action: Mapped[str] = mapped_column(String(60))
    subject_type: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[str] = mapped_column(String(64))
    note: Mapped[str] = mapped_column(Text, default="")


class ModerationKind(StrEnum):
    """The kind of a moderation item.

    `update` is of a course or a creator page; `review`, `reply` and `report` (of a course) are reported ones;
    `refund` is a buyer's request.
    """

    COURSE = "course"
    UPDATE = "update"
    REVIEW = "review"
    REPLY = "reply"
    REPORT = "report"
    APPLICATION = "application"
    REFUND = "refund"


class Verdict(StrEnum):
    """The verdict that closed an item; `withdrawn` by its author."""

    APPROVED = "approved"
    REJECTED = "rejected"
    CHANGES_REQUESTED = "changes_requested"
    HIDDEN = "hidden"
    DISMISSED = "dismissed"
    WITHDRAWN = "withdrawn"


class ModerationItem(Stamped, Base):
    """An item of the moderation queue; `created_at` is the time of submission.

    `subject_id` is the id of the product, the review (also for a reply to it) or the application. A claim
    keeps two admins from deciding the same item; it expires. `title` and `creator_id` are denormalised for
    the list. `links` is the result of the link check at `links_checked_at`: [{"url": …, "problem": …}], dead
    links only. `decision` is a decision that can still be undone (domain/moderation/undoable_decisions.py);
    it takes effect at `effective_at`. `jotted` holds the notes of admins who haven't decided, by their ids:
    {"notes": …, "at": …}; it is deleted with the decision.
    """

    __tablename__ = "moderation_items"
    __table_args__ = (
        Index(
            "uq_moderation_items_open",
            "kind",
            "subject_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_moderation_items_waiting",
            "created_at",
            "id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_moderation_items_kind_waiting",
            "kind",
            "created_at",
            "id",
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "ix_moderation_items_closed_at",
            "closed_at",
            "id",
            sqlite_where=text("closed_at IS NOT NULL"),
            postgresql_where=text("closed_at IS NOT NULL"),
        ),
        Index(
            "ix_moderation_items_kind_closed_at",
            "kind",
            "closed_at",
            "id",
            sqlite_where=text("closed_at IS NOT NULL"),
            postgresql_where=text("closed_at IS NOT NULL"),
        ),
        Index("ix_moderation_items_subject_id", "subject_id"),
        CheckConstraint("(closed_at IS NULL) = (verdict IS NULL)", name="verdict_closes"),
    )

    id: Mapped[pk]
    kind: Mapped[ModerationKind] = mapped_column(enum_of(ModerationKind))
    subject_id: Mapped[uuid.UUID]
    title: Mapped[str] = mapped_column(String(200))
    creator_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), index=True
    )
    claimed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    claimed_until: Mapped[datetime | None]
    links: Mapped[list[Any]] = mapped_column(JSON, default=list)
    links_checked_at: Mapped[datetime | None]
    verdict: Mapped[Verdict | None] = mapped_column(enum_of(Verdict))
    reason: Mapped[str] = mapped_column(String(60), default="")
    notes: Mapped[str] = mapped_column(Text, default="")
    closed_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    closed_at: Mapped[datetime | None]
    decision: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    effective_at: Mapped[datetime | None]
    jotted: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    @property
    def is_profile(self) -> bool:
        """Tell whether it is an update of a creator page: its subject is the creator."""
        return self.kind == ModerationKind.UPDATE and self.subject_id == self.creator_id


class NotificationKind(StrEnum):
    """The kind of a notification; mail preferences are stored by these values."""

    REVIEW_RECEIVED = "review_received"
    REVIEW_REPLY = "review_reply"
    COURSE_APPROVED = "course_approved"
    COURSE_REJECTED = "course_rejected"
    COURSE_EXPIRING = "course_expiring"
    WISHED_SALE = "wished_sale"
    REFUND = "refund"
    APPLICATION_DECIDED = "application_decided"
    REPORT_DECIDED = "report_decided"
    COURSE_OPENED = "course_opened"
    BUNDLE_ASKED = "bundle_asked"
    BUNDLE_GREW = "bundle_grew"
    PAYOUT = "payout"


class Notification(Stamped, Base):
    """An on-site notification. `key` is an idempotency key."""

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("user_id", "key"),
        Index("ix_notifications_user_id_created_at", "user_id", "created_at"),
        Index("ix_notifications_user_id_read_at", "user_id", "read_at"),
    )

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[NotificationKind] = mapped_column(enum_of(NotificationKind))
    title: Mapped[str] = mapped_column(String(200))
    message: Mapped[str] = mapped_column(String(500), default="")
    action_url: Mapped[str] = mapped_column(String(500), default="")
    action_label: Mapped[str] = mapped_column(String(60), default="")
    key: Mapped[str | None] = mapped_column(String(120))
    read_at: Mapped[datetime | None]

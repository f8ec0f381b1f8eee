"""Mail: the outbox, mail preferences and consent to marketing."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tables.base import Base, Stamped, enum_of, now, pk
from tables.platform import NotificationKind


class EmailStatus(StrEnum):
    """The delivery status of a message."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    SKIPPED = "skipped"


class MailPurpose(StrEnum):
    """The purpose of a message; marketing needs consent (mail/registry.py)."""

    TRANSACTIONAL = "transactional"
    MARKETING = "marketing"
    DIGEST = "digest"


class EmailMessage(Stamped, Base):
    """A message to one person, written in the transaction that causes it (outbox), sent by the worker.

    `template` names the folder under templates/mail/, `data` its context. It is due at `scheduled_for`. `key`
    is an idempotency key. `condition` names what is asked when it is sent (mail/registry.py), with the
    arguments `condition_data`. `error` is why it failed, or why it was skipped.
    """

    __tablename__ = "email_messages"
    __table_args__ = (
        Index("ix_email_messages_status_scheduled_for", "status", "scheduled_for"),
        Index("ix_email_messages_created_at", "created_at"),
        Index("ix_email_messages_status_created_at", "status", "created_at"),
        # Nearly all were sent, so the planner ignores the indexes above for the rare failed ones.
        Index(
            "ix_email_messages_failed",
            "created_at",
            sqlite_where=text("status = 'failed'"),
            postgresql_where=text("status = 'failed'"),
        ),
        Index("ix_email_messages_purpose_created_at", "purpose", "created_at"),
        Index("uq_email_messages_key", "key", unique=True),
    )

    id: Mapped[pk]
    recipient: Mapped[str] = mapped_column(String(254), index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    template: Mapped[str] = mapped_column(String(60))
    purpose: Mapped[MailPurpose] = mapped_column(
        enum_of(MailPurpose),
        default=MailPurpose.TRANSACTIONAL,
        server_default=MailPurpose.TRANSACTIONAL.value,
    )
    key: Mapped[str | None] = mapped_column(String(200))
    condition: Mapped[str | None] = mapped_column(String(60))
    condition_data: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    subject: Mapped[str] = mapped_column(String(255))
    data: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    scheduled_for: Mapped[datetime] = mapped_column(default=now)
    status: Mapped[EmailStatus] = mapped_column(enum_of(EmailStatus), default=EmailStatus.PENDING)
    message_id: Mapped[str] = mapped_column(String(255), unique=True)
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    sent_at: Mapped[datetime | None]


class MailPreference(Stamped, Base):
    """A kind of notification that a person doesn't want by mail; no row means they do."""

    __tablename__ = "mail_preferences"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    kind: Mapped[NotificationKind] = mapped_column(enum_of(NotificationKind), primary_key=True)
    by_mail: Mapped[bool] = mapped_column(default=False)


class ConsentSource(StrEnum):
    """The way in which a consent was given."""

    ACCOUNT = "account"


class ConsentEnd(StrEnum):
    """The way in which a consent was withdrawn.

    `handover`: the account went to the person who confirmed its address, or back to its owner.
    """

    ACCOUNT = "account"
    UNSUBSCRIBE_LINK = "unsubscribe_link"
    HANDOVER = "handover"


class MarketingConsent(Stamped, Base):
    """A consent to marketing email: `wording` is what was agreed to. It stays as proof once withdrawn."""

    __tablename__ = "marketing_consents"
    __table_args__ = (
        Index(
            "uq_marketing_consents_standing",
            "user_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        Index("ix_marketing_consents_user_id_given_at", "user_id", "given_at"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawal_whole"),
    )

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    wording: Mapped[str] = mapped_column(String(300))
    given_at: Mapped[datetime]
    given_by: Mapped[ConsentSource] = mapped_column(enum_of(ConsentSource))
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[ConsentEnd | None] = mapped_column(enum_of(ConsentEnd))

"""People: accounts, their devices, the ways they sign in, and what creators show of themselves."""

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
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, Stamped, bytewise, enum_of, pk


class Role(StrEnum):
    """What an account may do; a creator and an admin can also learn."""

    LEARNER = "learner"
    CREATOR = "creator"
    ADMIN = "admin"


class User(Stamped, Base):
    """A person with an account. The address is stored in lower case, so it is unique in any case.

    `vetted`: a creator whose courses and updates are published without waiting for an admin. `avatar` names
    the files of their picture (domain/platform/images.py).
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_lower"),
        Index("ix_users_role_id", "role", "id"),
        Index("ix_users_vetted_id", "vetted", "id"),
        Index(
            "ix_users_suspended",
            "id",
            sqlite_where=text("suspended_at IS NOT NULL"),
            postgresql_where=text("suspended_at IS NOT NULL"),
        ),
        Index("ix_users_name_lower", text("lower(name)")),
    )

    id: Mapped[pk]
    email: Mapped[str] = mapped_column(bytewise(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(bytewise(100))
    role: Mapped[Role] = mapped_column(enum_of(Role), default=Role.LEARNER)
    bio: Mapped[str] = mapped_column(Text, default="")
    website: Mapped[str | None] = mapped_column(String(255))
    github: Mapped[str | None] = mapped_column(String(100))
    linkedin: Mapped[str | None] = mapped_column(String(100))
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    vetted: Mapped[bool] = mapped_column(default=False)
    access_override: Mapped[bool] = mapped_column(default=False)
    avatar: Mapped[str | None] = mapped_column(String(64))
    email_verified_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    creator_profile: Mapped["CreatorProfile | None"] = relationship(
        back_populates="user", lazy="raise_on_sql"
    )

    is_authenticated = True
    is_anonymous = False
    # The device through which the row was loaded: its token, when its use was last noted, and when the
    # owner last proved on it to be the one who uses it
    session_token = None  # type: str | None
    device_seen_at = None  # type: datetime | None
    device_proved_at = None  # type: datetime | None
    # How many notifications wait, counted when the row was loaded so (domain/platform/notifications.py)
    unread = 0

    def get_id(self) -> str | None:
        """What Flask-Login keeps in the browser: the device's token, never the account's id."""
        return self.session_token

    @property
    def is_active(self) -> bool:
        """A deleted or suspended account can't sign in."""
        return self.deleted_at is None and self.suspended_at is None

    @property
    def is_admin(self) -> bool:
        """Whether this person runs the place."""
        return self.role == Role.ADMIN

    @property
    def is_creator(self) -> bool:
        """Whether this person teaches here."""
        return self.role == Role.CREATOR

    @property
    def is_verified(self) -> bool:
        """Whether the address is known to be theirs; needed before a purchase."""
        return self.email_verified_at is not None


class Registration(Stamped, Base):
    """What somebody registered with, until the address is proved: nothing of it is an account before.

    Each browser has its own, also for the same address. A taken address gets one too; its link is never sent.
    `user_id` is the account it became, so that the browser that registered can be let in.
    """

    __tablename__ = "registrations"

    id: Mapped[pk]
    email: Mapped[str] = mapped_column(bytewise(254), index=True)
    name: Mapped[str] = mapped_column(bytewise(100))
    password_hash: Mapped[str] = mapped_column(String(255))
    way_back: Mapped[str] = mapped_column(Text, default="/")
    expires_at: Mapped[datetime] = mapped_column(index=True)
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)


class AddressMark(Stamped, Base):
    """An address that an account had before or was suspended with: decisions bind its person there too.

    `mark` is a keyed hash (domain/people/address_marks.py): the table tells nobody which addresses these are.
    """

    __tablename__ = "address_marks"
    __table_args__ = (Index("ix_address_marks_created_at", "created_at"),)

    mark: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class OAuthAccount(Stamped, Base):
    """An identity at another provider that signs in to this account.

    One that was removed stays as a row with `unlinked_at`: otherwise its address would link it again at once.
    """

    __tablename__ = "oauth_accounts"
    __table_args__ = (UniqueConstraint("provider", "subject"),)

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(255))
    last_used_at: Mapped[datetime | None]
    unlinked_at: Mapped[datetime | None]


class UserSession(Stamped, Base):
    """A device that is signed in. The browser holds a random token, the row only its hash.

    `proved_at`: when a password, a code or a provider last showed on it that it is the owner who uses it.
    """

    __tablename__ = "user_sessions"

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_agent: Mapped[str] = mapped_column(String(255), default="")
    ip: Mapped[str] = mapped_column(String(45), default="")
    last_seen_at: Mapped[datetime]
    proved_at: Mapped[datetime | None]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class SecondFactor(Stamped, Base):
    """An app that shows a new code every 30 seconds (TOTP), asked for after whatever else signs somebody in.

    `secret` is encrypted (domain/people/second_factor.py). Until a first code is shown (`confirmed_at`) it
    asks for nothing. `last_step` is the 30 seconds whose code was used last: no code of then or before is
    taken again. `codes_at` is when the recovery codes were drawn, None for those of an older release.
    """

    __tablename__ = "second_factors"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    codes_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A code that stands in for the app once. Only its hash is kept."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class HeldPost(Base):
    """A form that came when its person was signed out: what was typed, until they are back, a day at most.

    `browser` is the hash of a random token in a cookie, `person` the mark of whose page the form stood on, ""
    for a stranger's (web/form_tokens.py). `fields` are pairs of name and text, without secrets and files;
    `has_files` says that some are missing. `offered_at` is when somebody was led to it after signing in.
    """

    __tablename__ = "held_posts"
    __table_args__ = (Index("ix_held_posts_browser_at", "browser", "at"),)

    id: Mapped[pk]
    browser: Mapped[str] = mapped_column(String(64))
    person: Mapped[str] = mapped_column(String(24), default="")
    path: Mapped[str] = mapped_column(String(2000))
    page: Mapped[str] = mapped_column(String(2000))
    fields: Mapped[list[Any]] = mapped_column(JSON, default=list)
    has_files: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = mapped_column(index=True)
    offered_at: Mapped[datetime | None]


class CreatorProfile(Stamped, Base):
    """What a creator shows of themselves; totals are computed from what they made and sold.

    `draft` is what of it, and of their account, waits for an admin, by column name
    (domain/people/creator_page_drafts.py).
    """

    __tablename__ = "creator_profiles"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    headline: Mapped[str] = mapped_column(String(160), default="")
    expertise: Mapped[list[Any]] = mapped_column(JSON, default=list)
    years_experience: Mapped[int | None]
    certifications: Mapped[list[Any]] = mapped_column(JSON, default=list)
    links: Mapped[list[Any]] = mapped_column(JSON, default=list)
    draft: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))

    user: Mapped[User] = relationship(back_populates="creator_profile", lazy="raise_on_sql")


class ApplicationStatus(StrEnum):
    """What became of somebody's wish to teach here."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class CreatorApplication(Stamped, Base):
    """Somebody asks to become a creator. `links` are addresses, `sample` what they would teach and how.

    `accepted_terms_at` is when they agreed to the terms for creators; `reason` is told to them.
    """

    __tablename__ = "creator_applications"
    __table_args__ = (
        Index(
            "uq_creator_applications_pending",
            "user_id",
            unique=True,
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_creator_applications_user_id_created_at", "user_id", "created_at"),
    )

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    headline: Mapped[str] = mapped_column(String(160))
    expertise: Mapped[list[Any]] = mapped_column(JSON, default=list)
    links: Mapped[list[Any]] = mapped_column(JSON, default=list)
    sample: Mapped[str] = mapped_column(Text, default="")
    accepted_terms_at: Mapped[datetime]
    status: Mapped[ApplicationStatus] = mapped_column(
        enum_of(ApplicationStatus), default=ApplicationStatus.PENDING
    )
    reason: Mapped[str] = mapped_column(Text, default="")
    decided_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="raise_on_sql")


class LoginAttempt(Base):
    """A failed sign-in, counted per account and per address by every process alike.

    `subject` is a keyed hash: the table tells nobody which addresses were tried.
    """

    __tablename__ = "login_attempts"
    __table_args__ = (Index("ix_login_attempts_subject_at", "subject", "at"),)

    id: Mapped[pk]
    subject: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)

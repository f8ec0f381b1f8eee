"""People: accounts, their devices, the ways they sign in, and what creators show of themselves."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
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
    the files of their picture (domain/pictures.py).
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
    # The device through which the row was loaded: its token, and when its use was last noted
    session_token = None  # type: str | None
    device_seen_at = None  # type: datetime | None
    # How many notifications wait, counted when the row was loaded so (domain/notifications.py)
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


class OAuthAccount(Stamped, Base):
    """An identity at another provider that signs in to this account."""

    __tablename__ = "oauth_accounts"
    __table_args__ = (UniqueConstraint("provider", "subject"),)

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    provider: Mapped[str] = mapped_column(String(32))
    subject: Mapped[str] = mapped_column(String(255))


class UserSession(Stamped, Base):
    """A device that is signed in. The browser holds a random token, the row only its hash."""

    __tablename__ = "user_sessions"

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_agent: Mapped[str] = mapped_column(String(255), default="")
    ip: Mapped[str] = mapped_column(String(45), default="")
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class HeldPost(Base):
    """A form that came when its person was signed out: what was typed, until they are back, a day at most.

    `browser` is the hash of a random token in a cookie, `person` the mark of whose page the form stood on, ""
    for a stranger's (form_tokens.py). `fields` are pairs of name and text, without secrets and files;
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
    """What a creator shows of themselves; totals are computed from what they made and sold."""

    __tablename__ = "creator_profiles"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    slug: Mapped[str] = mapped_column(String(120), unique=True)
    headline: Mapped[str] = mapped_column(String(160), default="")
    expertise: Mapped[list[Any]] = mapped_column(JSON, default=list)
    years_experience: Mapped[int | None]
    certifications: Mapped[list[Any]] = mapped_column(JSON, default=list)
    links: Mapped[list[Any]] = mapped_column(JSON, default=list)

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

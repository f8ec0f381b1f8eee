"""People: accounts, sessions, linked identities, second factors, creator profiles and applications."""

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
    """The role of an account; creators and admins can also learn."""

    LEARNER = "learner"
    CREATOR = "creator"
    ADMIN = "admin"


class User(Stamped, Base):
    """An account. The address is stored in lower case, so it is unique in any case.

    `vetted`: a creator whose courses and updates are published without moderation. `avatar` names the files
    of their picture (domain/platform/images.py). `stripe_customer_id` is their customer at Stripe, who keeps
    the cards they save, `stripe_customer_told` a digest of the address and name that Stripe was last told for
    it. `name_folded` and `surname_folded` follow the name
    (domain/people/names.py).
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
        Index("ix_users_name_folded_id", "name_folded", "id"),
        Index("ix_users_role_name_folded_id", "role", "name_folded", "id"),
        Index("ix_users_surname_folded", "surname_folded"),
        Index("uq_users_stripe_customer_id", "stripe_customer_id", unique=True),
    )

    id: Mapped[pk]
    email: Mapped[str] = mapped_column(bytewise(254), unique=True)
    password_hash: Mapped[str | None] = mapped_column(String(255))
    name: Mapped[str] = mapped_column(bytewise(100))
    # "?": not folded yet. An empty default is lost when Alembic copies a table of SQLite.
    name_folded: Mapped[str] = mapped_column(bytewise(100), server_default="?")
    surname_folded: Mapped[str] = mapped_column(bytewise(100), server_default="?")
    role: Mapped[Role] = mapped_column(enum_of(Role), default=Role.LEARNER)
    bio: Mapped[str] = mapped_column(Text, default="")
    website: Mapped[str | None] = mapped_column(String(255))
    github: Mapped[str | None] = mapped_column(String(100))
    linkedin: Mapped[str | None] = mapped_column(String(100))
    timezone: Mapped[str] = mapped_column(String(64), default="UTC")
    vetted: Mapped[bool] = mapped_column(default=False)
    access_override: Mapped[bool] = mapped_column(default=False)
    avatar: Mapped[str | None] = mapped_column(String(64))
    stripe_customer_id: Mapped[str | None] = mapped_column(String(255))
    stripe_customer_told: Mapped[str | None] = mapped_column(String(64))
    email_verified_at: Mapped[datetime | None]
    last_login_at: Mapped[datetime | None]
    suspended_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    creator_profile: Mapped["CreatorProfile | None"] = relationship(
        back_populates="user", lazy="raise_on_sql"
    )

    is_authenticated = True
    is_anonymous = False
    # The session through which the row was loaded: its token, when it was last seen, and when its person
    # last re-authenticated
    session_token = None  # type: str | None
    device_seen_at = None  # type: datetime | None
    device_proved_at = None  # type: datetime | None
    # Number of unread notifications, if loaded with the row (domain/platform/notifications.py)
    unread = 0
    # Number of lines in their cart, if loaded with the row (domain/people/sessions.py)
    cart_count = 0

    def get_id(self) -> str | None:
        """Return what Flask-Login keeps in the cookie: the session token, never the account's id."""
        return self.session_token

    @property
    def is_active(self) -> bool:
        """Tell whether the account may sign in: neither deleted nor suspended."""
        return self.deleted_at is None and self.suspended_at is None

    @property
    def is_admin(self) -> bool:
        """Tell whether the role is admin."""
        return self.role == Role.ADMIN

    @property
    def opens_every_course(self) -> bool:
        """Tell whether every course is open to them without a grant, so that nothing is sold to them."""
        return self.is_admin or self.access_override

    @property
    def is_creator(self) -> bool:
        """Tell whether the role is creator."""
        return self.role == Role.CREATOR

    @property
    def is_verified(self) -> bool:
        """Tell whether the email address is verified; required to buy."""
        return self.email_verified_at is not None


class Registration(Stamped, Base):
    """A registration that waits for verification of its address: it isn't an account yet.

    Each browser has its own, even for the same address. A taken address gets one too, whose link is never
    sent (no account enumeration). `user_id` is the resulting account, so that the browser that registered can
    be signed in.
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
    """A former or suspended address of an account, so that a new account can't escape moderation decisions.

    `mark` is a keyed hash (domain/people/address_history.py): the table reveals no address.
    """

    __tablename__ = "address_marks"
    __table_args__ = (Index("ix_address_marks_created_at", "created_at"),)

    mark: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class OAuthAccount(Stamped, Base):
    """An identity at an OAuth provider that signs in to this account.

    An unlinked one stays as a row with `unlinked_at`: otherwise its verified address would link it again.
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
    """A signed-in device. The browser holds a random token, the row only its hash.

    `proved_at`: the last re-authentication by password, code or provider.
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
    """A TOTP authenticator app (a new code every 30 seconds), asked for after any other way to sign in.

    `secret` is encrypted (domain/people/second_factor.py). It has no effect before a first code is confirmed
    (`confirmed_at`). `last_step` is the time step of the last accepted code: no code of that step or an
    earlier one is accepted again (replay). `codes_at` is when the recovery codes were generated, None for
    those of an older release.
    """

    __tablename__ = "second_factors"

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    secret: Mapped[str] = mapped_column(Text)
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    codes_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """A single-use recovery code for a lost app. Only its hash is stored."""

    __tablename__ = "recovery_codes"
    __table_args__ = (UniqueConstraint("user_id", "code_hash"),)

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    code_hash: Mapped[str] = mapped_column(String(64))
    used_at: Mapped[datetime | None]


class HeldPost(Base):
    """A post that arrived when its person was signed out, kept for a day until they are back.

    `browser` is the hash of a random token in a cookie, `person` the mark of the page's person, "" for a
    visitor's (web/csrf.py). `fields` are pairs of name and text, without secrets and files;
    `has_files` says that some are missing. `offered_at` is when it was offered after signing in.
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
    """The public profile of a creator; totals are computed from their courses and sales.

    `draft` holds the changes to it, and to the account, that are pending approval, by column name
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
    """The status of a creator application."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"


class CreatorApplication(Stamped, Base):
    """An application to become a creator. `links` are URLs, `sample` describes the course they would make.

    `accepted_terms_at` is when they accepted the terms for creators; `reason` is sent to them.
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
    """A failed sign-in, counted per account and per IP address across all processes (login throttle).

    `subject` is a keyed hash: the table doesn't reveal which addresses were tried.
    """

    __tablename__ = "login_attempts"
    __table_args__ = (Index("ix_login_attempts_subject_at", "subject", "at"),)

    id: Mapped[pk]
    subject: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(index=True)

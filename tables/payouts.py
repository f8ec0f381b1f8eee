"""Payouts: the accounts at Stripe that creators are paid to."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from tables.base import Base, Stamped, enum_of, pk


class ConnectApi(StrEnum):
    """The API of Stripe's through which an account was opened."""

    V1 = "v1"
    V2 = "v2"


class ConnectState(StrEnum):
    """The ability of an account to be paid, as Stripe said last.

    `pending`: Stripe is checking what the creator gave it. `restricted`: something is missing, or Stripe has
    rejected the account. `unsupported`: Stripe doesn't pay such accounts.
    """

    ACTIVE = "active"
    PENDING = "pending"
    RESTRICTED = "restricted"
    UNSUPPORTED = "unsupported"


class ConnectEnd(StrEnum):
    """The way in which the use of an account ended.

    `gone`: closed at Stripe, or our access was taken away there. `replaced`: the creator opened another one.
    """

    DISCONNECTED = "disconnected"
    GONE = "gone"
    REPLACED = "replaced"


class ConnectAccount(Stamped, Base):
    """An account at Stripe to which a creator is paid: one open at a time, and the earlier ones.

    `requirements` say why it can't be paid and what to do, [{"code": …, "sentence": …}], the reasons first.
    `may_sign_in`: onboarding was finished once, so it has a dashboard at Stripe. `synced_at` is when Stripe
    was asked last.
    """

    __tablename__ = "connect_accounts"
    __table_args__ = (
        CheckConstraint("(closed_at IS NULL) = (ended IS NULL)", name="end_whole"),
        Index(
            "uq_connect_accounts_open",
            "creator_id",
            unique=True,
            sqlite_where=text("closed_at IS NULL"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("ix_connect_accounts_creator_id_created_at", "creator_id", "created_at"),
    )

    id: Mapped[pk]
    creator_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    stripe_account_id: Mapped[str] = mapped_column(String(255), unique=True)
    api: Mapped[ConnectApi] = mapped_column(enum_of(ConnectApi), default=ConnectApi.V2)
    country: Mapped[str] = mapped_column(String(2), default="")
    state: Mapped[ConnectState] = mapped_column(enum_of(ConnectState), default=ConnectState.RESTRICTED)
    requirements: Mapped[list[dict[str, str]]] = mapped_column(JSON, default=list)
    may_sign_in: Mapped[bool] = mapped_column(default=False)
    synced_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
    ended: Mapped[ConnectEnd | None] = mapped_column(enum_of(ConnectEnd))

    @property
    def is_payable(self) -> bool:
        """Tell whether money can be transferred to it, as far as we know."""
        return self.closed_at is None and self.state == ConnectState.ACTIVE

    @property
    def reason(self) -> str:
        """Say why it can't be paid and what to do; "" if it can, or Stripe gave no reason."""
        found: Any = [one["sentence"] for one in self.requirements]
        return "" if self.is_payable or not found else str(found[0])

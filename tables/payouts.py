"""Payouts: accounts at Stripe, what is transferred to them, why it is held, and creators' particulars."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, Stamped, enum_of, now, pk
from tables.people import User


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


class PayoutStatus(StrEnum):
    """The status of a payout.

    `pending`: its transfer was, or will be, requested. `failed`: Stripe refused it; its lines are payable
    again once it is `released`.
    """

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    RELEASED = "released"


class HoldCode(StrEnum):
    """The reason why a creator isn't paid at present."""

    NEGATIVE = "negative"
    MINIMUM = "minimum"
    PARTICULARS = "particulars"
    VAT_ID = "vat_id"
    VAT_RATE = "vat_rate"
    ACCOUNT = "account"
    SUSPENDED = "suspended"
    DRIFT = "drift"
    BALANCE = "balance"
    REFUSED = "refused"


class VatStatus(StrEnum):
    """The answer of a creator to whether they charge VAT."""

    NONE = "none"
    REGISTERED = "registered"


class PayoutParticulars(Stamped, Base):
    """The particulars that a creator gave before their first payout, beside their billing details.

    `agreed_at` is when they agreed to documents in their name (self-billing), in the words of `agreement`.
    """

    __tablename__ = "payout_particulars"

    creator_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), primary_key=True
    )
    vat_status: Mapped[VatStatus] = mapped_column(enum_of(VatStatus))
    agreement: Mapped[str] = mapped_column(String(500))
    agreed_at: Mapped[datetime]


class PayoutRun(Base):
    """A run that pays every creator who can be paid: of a `month` ("2026-11"), or on an admin's demand."""

    __tablename__ = "payout_runs"
    __table_args__ = (Index("ix_payout_runs_created_at", "created_at"),)

    id: Mapped[pk]
    month: Mapped[str | None] = mapped_column(String(7), unique=True)
    actor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(default=now)


class Payout(Stamped, Base):
    """A payout to a creator in one currency: the sum of the ledger lines that name it, in minor units.

    The row is committed before Stripe is asked; `idempotency_key` goes with the request, and a new `attempt`
    has a new one. `period_start` and `period_end` bound what was booked since the payout before.
    `opening_cents` is the creator's balance then, `closing_cents` what stays behind: lines that aren't
    payable yet. `billing` are the creator's particulars at that time, by the names of BillingDetails, with
    their `vat_status`. `sums` are the lines by kind ({"sale": 1330}). `reversal_cents` is how much of the
    transfer an admin takes back, `reversed_cents` how much of it came back.
    """

    __tablename__ = "payouts"
    __table_args__ = (
        CheckConstraint("amount_cents > 0", name="amount_positive"),
        CheckConstraint("(status = 'paid') = (paid_at IS NOT NULL)", name="paid_is_dated"),
        CheckConstraint("status <> 'paid' OR stripe_transfer_id IS NOT NULL", name="paid_by_transfer"),
        CheckConstraint(
            "reversed_cents BETWEEN 0 AND amount_cents AND reversal_cents BETWEEN 0 AND amount_cents",
            name="reversed_within_amount",
        ),
        # One at a time: what is unknown is found out before anything else is sent.
        Index(
            "uq_payouts_under_way",
            "creator_id",
            "currency",
            unique=True,
            sqlite_where=text("status = 'pending'"),
            postgresql_where=text("status = 'pending'"),
        ),
        Index("ix_payouts_creator_id_created_at", "creator_id", "created_at", "id"),
        Index("ix_payouts_status_created_at", "status", "created_at", "id"),
        Index("ix_payouts_created_at_id", "created_at", "id"),
        Index("ix_payouts_run_id_status", "run_id", "status", "currency", "amount_cents"),
    )

    id: Mapped[pk]
    creator_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    run_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("payout_runs.id", ondelete="RESTRICT"))
    amount_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[PayoutStatus] = mapped_column(enum_of(PayoutStatus), default=PayoutStatus.PENDING)
    attempt: Mapped[int] = mapped_column(default=1)
    idempotency_key: Mapped[str] = mapped_column(String(80), unique=True)
    destination: Mapped[str] = mapped_column(String(255))
    stripe_transfer_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    period_start: Mapped[datetime]
    period_end: Mapped[datetime]
    opening_cents: Mapped[int]
    closing_cents: Mapped[int]
    billing: Mapped[dict[str, Any]] = mapped_column(JSON)
    sums: Mapped[dict[str, Any]] = mapped_column(JSON)
    vat_rate_bp: Mapped[int] = mapped_column(default=0)
    paid_at: Mapped[datetime | None]
    failure: Mapped[str | None] = mapped_column(String(500))
    reversal_cents: Mapped[int] = mapped_column(default=0)
    reversed_cents: Mapped[int] = mapped_column(default=0)

    creator: Mapped[User] = relationship(lazy="raise_on_sql")


class PayoutHold(Base):
    """A reason why a creator isn't paid, from `since` until it is gone; `resolution` says what ended it.

    `detail` is what is known beyond the code, such as Stripe's own words.
    """

    __tablename__ = "payout_holds"
    __table_args__ = (
        CheckConstraint("(until IS NULL) = (resolution IS NULL)", name="resolution_ends"),
        Index(
            "uq_payout_holds_open",
            "creator_id",
            "currency",
            "code",
            unique=True,
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
        Index(
            "ix_payout_holds_waiting",
            "since",
            "id",
            sqlite_where=text("until IS NULL"),
            postgresql_where=text("until IS NULL"),
        ),
        Index("ix_payout_holds_creator_id_since", "creator_id", "since"),
    )

    id: Mapped[pk]
    creator_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    currency: Mapped[str] = mapped_column(String(3))
    code: Mapped[HoldCode] = mapped_column(enum_of(HoldCode))
    payout_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("payouts.id", ondelete="RESTRICT"))
    detail: Mapped[str] = mapped_column(String(500), default="")
    since: Mapped[datetime] = mapped_column(default=now)
    until: Mapped[datetime | None]
    resolution: Mapped[str | None] = mapped_column(String(200))

    creator: Mapped[User] = relationship(lazy="raise_on_sql")

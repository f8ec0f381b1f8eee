"""Requests of buyers: refunds by the shop's policy, and withdrawals from a contract."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, Stamped, enum_of, pk
from tables.commerce import Order, Purchase
from tables.refunds import Refund


class RequestKind(StrEnum):
    """The ground of a request: the shop's own policy, or a consumer's right of withdrawal."""

    POLICY = "policy"
    WITHDRAWAL = "withdrawal"


class RequestDecision(StrEnum):
    """The decision on a request; `stopped`: whoever asked, or the order's owner, took it back."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    STOPPED = "stopped"


class RefundReason(StrEnum):
    """The reason that a buyer chooses."""

    CHANGED_MIND = "changed_mind"
    NOT_EXPECTED = "not_expected"
    QUALITY = "quality"
    TECHNICAL = "technical"
    BY_MISTAKE = "by_mistake"
    OTHER = "other"


class WithdrawalState(StrEnum):
    """The state of a declaration of withdrawal.

    `unclear`: it matches no order, so a person looks at it. `waiting`: the money goes back at `acts_at`
    unless the order's owner stops it. `refused`: the right had ended for everything it names.
    """

    UNCLEAR = "unclear"
    WAITING = "waiting"
    DONE = "done"
    STOPPED = "stopped"
    REFUSED = "refused"


class Withdrawal(Stamped, Base):
    """A consumer's declaration to withdraw from a contract, as it was made at `declared_at`.

    `key` comes with the form, so that a second press declares nothing new. `user_id` is who declared it
    signed in, as the order's buyer. `handled_at`: an admin has looked at an unclear one.
    """

    __tablename__ = "withdrawals"
    __table_args__ = (
        CheckConstraint("(state = 'waiting') = (acts_at IS NOT NULL)", name="waits_until"),
        CheckConstraint("state IN ('unclear', 'refused') OR order_id IS NOT NULL", name="about_an_order"),
        Index("ix_withdrawals_declared_at", "declared_at", "id"),
        Index(
            "ix_withdrawals_unclear",
            "declared_at",
            "id",
            sqlite_where=text("state = 'unclear' AND handled_at IS NULL"),
            postgresql_where=text("state = 'unclear' AND handled_at IS NULL"),
        ),
    )

    id: Mapped[pk]
    key: Mapped[uuid.UUID] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(String(120))
    email: Mapped[str] = mapped_column(String(254))
    order_number: Mapped[str] = mapped_column(String(40), default="")
    items: Mapped[str] = mapped_column(Text, default="")
    declared_at: Mapped[datetime]
    order_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("orders.id", ondelete="RESTRICT"), index=True
    )
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"), index=True)
    state: Mapped[WithdrawalState] = mapped_column(enum_of(WithdrawalState))
    acts_at: Mapped[datetime | None]
    handled_at: Mapped[datetime | None]
    handled_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))

    order: Mapped[Order | None] = relationship(lazy="raise_on_sql")
    requests: Mapped[list["RefundRequest"]] = relationship(
        back_populates="withdrawal", lazy="raise_on_sql", order_by="RefundRequest.id"
    )


class RefundRequest(Stamped, Base):
    """A request for the money of one line, with the facts of that moment and the rule that decided.

    `facts` are those of domain/refunds/policy.py, `rule` the name of the rule and `sentence` what the buyer
    was told. `note` is the reason that a person gave. `asked_by_id` is None for a withdrawal that was
    declared without signing in, `decided_by` where a rule decided.
    """

    __tablename__ = "refund_requests"
    __table_args__ = (
        CheckConstraint("(decision = 'waiting') = (decided_at IS NULL)", name="decided_then"),
        CheckConstraint("refund_id IS NULL OR decision = 'approved'", name="refund_of_approved"),
        CheckConstraint("(kind = 'withdrawal') = (withdrawal_id IS NOT NULL)", name="withdrawal_named"),
        Index(
            "uq_refund_requests_waiting",
            "purchase_id",
            unique=True,
            sqlite_where=text("decision = 'waiting'"),
            postgresql_where=text("decision = 'waiting'"),
        ),
        Index("ix_refund_requests_asked_by_id_created_at", "asked_by_id", "created_at"),
    )

    id: Mapped[pk]
    purchase_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("purchases.id", ondelete="RESTRICT"), index=True
    )
    asked_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    kind: Mapped[RequestKind] = mapped_column(enum_of(RequestKind))
    reason: Mapped[RefundReason | None] = mapped_column(enum_of(RefundReason))
    words: Mapped[str] = mapped_column(Text, default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSON)
    rule: Mapped[str] = mapped_column(String(40))
    sentence: Mapped[str] = mapped_column(String(500))
    decision: Mapped[RequestDecision] = mapped_column(enum_of(RequestDecision))
    decided_at: Mapped[datetime | None]
    decided_by: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    note: Mapped[str] = mapped_column(Text, default="")
    refund_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("refunds.id", ondelete="RESTRICT"), index=True
    )
    withdrawal_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("withdrawals.id", ondelete="RESTRICT"), index=True
    )

    purchase: Mapped[Purchase] = relationship(lazy="raise_on_sql")
    refund: Mapped[Refund | None] = relationship(lazy="raise_on_sql")
    withdrawal: Mapped[Withdrawal | None] = relationship(back_populates="requests", lazy="raise_on_sql")

"""Refunds of orders, and the part of them that each line gets."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, Stamped, enum_of, pk
from tables.commerce import Order, Purchase
from tables.people import User


class RefundStatus(StrEnum):
    """The status of a refund at Stripe, by Stripe's own words.

    `requires_action`: the buyer has to tell Stripe where the money goes.
    """

    PENDING = "pending"
    REQUIRES_ACTION = "requires_action"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


class RefundCause(StrEnum):
    """The cause of a refund.

    `undeliverable`: a line couldn't be delivered. `double_payment`: the payment bought nothing. `policy` and
    `withdrawal`: the buyer asked. `admin`, `creator`: they decided it. `stripe`: it was made at Stripe.
    """

    UNDELIVERABLE = "undeliverable"
    DOUBLE_PAYMENT = "double_payment"
    POLICY = "policy"
    WITHDRAWAL = "withdrawal"
    ADMIN = "admin"
    CREATOR = "creator"
    STRIPE = "stripe"


class Refund(Stamped, Base):
    """A refund. The row is written before Stripe is called; its id is the idempotency key.

    Its `lines` say what of the order is paid back; without any, the payment bought nothing. It is booked from
    the moment it is written until it fails or is canceled. `actor_id` is who decided it, null for a rule.
    `decided_at` is when Stripe's last word came in. A refund of nothing (a free line) never goes to Stripe.
    """

    __tablename__ = "refunds"
    __table_args__ = (
        CheckConstraint("amount_cents >= 0", name="amount_not_negative"),
        Index(
            "ix_refunds_waiting",
            "updated_at",
            sqlite_where=text("status IN ('pending', 'requires_action')"),
            postgresql_where=text("status IN ('pending', 'requires_action')"),
        ),
        Index("ix_refunds_created_at_id", "created_at", "id"),
    )

    id: Mapped[pk]
    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), index=True)
    payment_intent_id: Mapped[str] = mapped_column(String(255), index=True)
    amount_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    cause: Mapped[RefundCause] = mapped_column(enum_of(RefundCause))
    reason: Mapped[str] = mapped_column(String(200))
    actor_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    status: Mapped[RefundStatus] = mapped_column(enum_of(RefundStatus), default=RefundStatus.PENDING)
    stripe_refund_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    decided_at: Mapped[datetime | None]

    order: Mapped[Order] = relationship(lazy="raise_on_sql")
    actor: Mapped[User | None] = relationship(lazy="raise_on_sql")
    lines: Mapped[list["RefundLine"]] = relationship(
        back_populates="refund", lazy="raise_on_sql", order_by="RefundLine.id"
    )


class RefundLine(Base):
    """The part of a refund that one line of the order gets, with tax (`gross_cents`) and without."""

    __tablename__ = "refund_lines"
    __table_args__ = (
        CheckConstraint("net_cents >= 0 AND tax_cents >= 0", name="amounts_not_negative"),
        CheckConstraint("gross_cents = net_cents + tax_cents", name="gross_adds_up"),
        UniqueConstraint("refund_id", "purchase_id"),
    )

    id: Mapped[pk]
    refund_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("refunds.id", ondelete="RESTRICT"))
    purchase_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("purchases.id", ondelete="RESTRICT"), index=True
    )
    net_cents: Mapped[int]
    tax_cents: Mapped[int]
    gross_cents: Mapped[int]

    refund: Mapped[Refund] = relationship(back_populates="lines", lazy="raise_on_sql")
    purchase: Mapped[Purchase] = relationship(lazy="raise_on_sql")

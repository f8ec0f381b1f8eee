"""Disputes: payments that a bank demands back, what Stripe moved for them, and warnings of fraud."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, Stamped, pk
from tables.commerce import Order

_TO_ANSWER = "status IN ('needs_response', 'warning_needs_response', 'appeal_needs_response')"


class Dispute(Stamped, Base):
    """A dispute of an order's payment, as Stripe had it at `synced_at`.

    `status` is Stripe's own word. `is_inquiry`: the bank only asks, and no money has moved. `amount_cents` is
    what the bank demands, which may be a part of the payment, or more than what is left of it. `due_by` is
    the end of the time to answer; None where no answer is possible. `is_lost`: it is booked as lost.

    `evidence` is the draft of the answer by Stripe's names of its fields, collected at `collected_at`. Each
    change raises `evidence_version`, which is part of the idempotency key of its call; `saved_version` is the
    one that Stripe has. At `submit_at` an admin decided to send it, which is final, and at `submitted_at` the
    bank had it. `refusal` says in a sentence why Stripe didn't take it.
    """

    __tablename__ = "disputes"
    __table_args__ = (
        CheckConstraint("amount_cents >= 0", name="amount_not_negative"),
        CheckConstraint("evidence_version >= saved_version", name="saved_after_writing"),
        Index("ix_disputes_disputed_at_id", "disputed_at", "id"),
        Index("ix_disputes_status_disputed_at_id", "status", "disputed_at", "id"),
        Index(
            "ix_disputes_to_answer",
            "due_by",
            "id",
            sqlite_where=text(_TO_ANSWER),
            postgresql_where=text(_TO_ANSWER),
        ),
    )

    id: Mapped[pk]
    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), index=True)
    stripe_dispute_id: Mapped[str] = mapped_column(String(255), unique=True)
    payment_intent_id: Mapped[str] = mapped_column(String(255), default="")
    amount_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    reason: Mapped[str] = mapped_column(String(60))
    status: Mapped[str] = mapped_column(String(40))
    is_inquiry: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_lost: Mapped[bool] = mapped_column(default=False, server_default=false())
    disputed_at: Mapped[datetime]
    due_by: Mapped[datetime | None]
    synced_at: Mapped[datetime]
    evidence: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    collected_at: Mapped[datetime | None]
    evidence_version: Mapped[int] = mapped_column(default=0, server_default="0")
    saved_version: Mapped[int] = mapped_column(default=0, server_default="0")
    submit_at: Mapped[datetime | None]
    submitted_at: Mapped[datetime | None]
    refusal: Mapped[str] = mapped_column(String(500), default="")

    order: Mapped[Order] = relationship(lazy="raise_on_sql")
    movements: Mapped[list["DisputeMovement"]] = relationship(
        lazy="raise_on_sql", order_by="DisputeMovement.moved_at, DisputeMovement.id"
    )


class DisputeMovement(Base):
    """Money that Stripe moved for a dispute: a balance transaction, negative when it was withdrawn.

    `amount_cents` is in the dispute's currency. `fee_cents` is in `fee_currency`, the balance's; the shop
    bears it.
    """

    __tablename__ = "dispute_movements"

    id: Mapped[pk]
    dispute_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("disputes.id", ondelete="RESTRICT"), index=True)
    balance_transaction_id: Mapped[str] = mapped_column(String(255), unique=True)
    amount_cents: Mapped[int]
    fee_cents: Mapped[int]
    fee_currency: Mapped[str] = mapped_column(String(3))
    moved_at: Mapped[datetime]

    lines: Mapped[list["DisputeLine"]] = relationship(lazy="raise_on_sql")


class DisputeLine(Base):
    """The part of a movement that is booked on one line of the order, with the movement's sign.

    A movement's lines add up to it, unless the bank demands more than what is left of the order.
    """

    __tablename__ = "dispute_lines"
    __table_args__ = (
        CheckConstraint("net_cents + tax_cents = gross_cents", name="gross_adds_up"),
        UniqueConstraint("movement_id", "purchase_id"),
    )

    id: Mapped[pk]
    movement_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("dispute_movements.id", ondelete="RESTRICT"))
    purchase_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("purchases.id", ondelete="RESTRICT"), index=True
    )
    net_cents: Mapped[int]
    tax_cents: Mapped[int]
    gross_cents: Mapped[int]


class FraudWarning(Stamped, Base):
    """A card issuer's warning that a payment may be fraudulent.

    `is_actionable`: it isn't disputed yet, and a refund would prevent that. `fraud_type` is Stripe's word.
    """

    __tablename__ = "fraud_warnings"

    id: Mapped[pk]
    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), index=True)
    stripe_warning_id: Mapped[str] = mapped_column(String(255), unique=True)
    fraud_type: Mapped[str] = mapped_column(String(60))
    is_actionable: Mapped[bool]
    warned_at: Mapped[datetime]

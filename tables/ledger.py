"""The creators' ledger."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from tables.base import Base, enum_of, now, pk


class EarningStatus(StrEnum):
    """The payout status of a ledger entry."""

    PENDING = "pending"
    PROCESSING = "processing"
    PAID = "paid"
    FAILED = "failed"


class Earning(Base):
    """An entry of the creators' ledger, in minor units.

    `key` names what caused it, so that nothing is booked twice: `sale:<share>`,
    `refund:<refund line>:<share>`, `undo:<refund line>:<share>`, `dispute:<balance transaction>:<share>`,
    `adjust:<id>`, `vat:<payout>`, `carry:<payout>`. Our own ids are 32 hex digits. (Before there were refund
    lines, what lowered a sale was `undo:<earning>`.) `share_id` is what it belongs to, null for what no sale
    has caused; `note` says why an adjustment was made. Triggers refuse to delete it and to change anything
    but its payout and when it is due.
    """

    __tablename__ = "earnings"
    __table_args__ = (
        # Covering indexes: sums are read from the index alone.
        Index(
            "ix_earnings_creator_id_status",
            *("creator_id", "status", "currency", "available_at", "amount_cents"),
        ),
        CheckConstraint("(payout_id IS NULL) = (status = 'pending')", name="unpaid_is_pending"),
        Index(
            "ix_earnings_owed",
            *("creator_id", "currency", "available_at", "amount_cents", "status", "share_id"),
            sqlite_where=text("status IN ('pending', 'failed')"),
            postgresql_where=text("status IN ('pending', 'failed')"),
        ),
        Index(
            "ix_earnings_owed_newest",
            *("creator_id", "created_at", "id"),
            sqlite_where=text("status IN ('pending', 'failed')"),
            postgresql_where=text("status IN ('pending', 'failed')"),
        ),
        Index("ix_earnings_payout_id", "payout_id", "created_at", "id"),
        Index("ix_earnings_created_at_id", "created_at", "id"),
        Index("ix_earnings_creator_id_created_at", "creator_id", "created_at", "currency", "amount_cents"),
    )

    id: Mapped[pk]
    creator_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    share_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("purchase_shares.id", ondelete="RESTRICT"), index=True
    )
    key: Mapped[str] = mapped_column(String(160), unique=True)
    amount_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[EarningStatus] = mapped_column(enum_of(EarningStatus), default=EarningStatus.PENDING)
    available_at: Mapped[datetime]
    payout_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("payouts.id", ondelete="RESTRICT"))
    note: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime] = mapped_column(default=now)

"""Gifts: lines of orders that somebody else claims."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, Stamped
from tables.commerce import Purchase
from tables.people import User


class Gift(Stamped, Base):
    """A line of an order that is given away: to whom, when, and what has become of it.

    Its key is the purchase's. `sender` addressed it last and may still change that: the giver, or a receiver
    who passed it on. `recipient` and `message` are personal data of the receiver. `version` is part of the
    claim link, so that a new one makes earlier links invalid. `sent_at` is when it was first mailed to this
    recipient, `mailed_at` when last; `reminders` counts the reminders since, and `next_mail_at` is when the
    next mail about it is due. `exchanged_from_id` is the product that was bought, once it was exchanged.
    """

    __tablename__ = "gifts"
    __table_args__ = (
        CheckConstraint("(claimed_by_id IS NULL) = (claimed_at IS NULL)", name="claim_whole"),
        CheckConstraint("reminders BETWEEN 0 AND 3", name="reminders_counted"),
        CheckConstraint(
            "next_mail_at IS NULL OR (claimed_at IS NULL AND ended_at IS NULL)", name="mail_waits"
        ),
        Index("ix_gifts_sender_id_created_at", "sender_id", "created_at"),
        Index("ix_gifts_claimed_by_id_claimed_at", "claimed_by_id", "claimed_at"),
        Index(
            "ix_gifts_next_mail_at",
            "next_mail_at",
            sqlite_where=text("next_mail_at IS NOT NULL"),
            postgresql_where=text("next_mail_at IS NOT NULL"),
        ),
    )

    purchase_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("purchases.id", ondelete="CASCADE"), primary_key=True
    )
    sender_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    recipient: Mapped[str] = mapped_column(String(254))
    message: Mapped[str] = mapped_column(String(500), default="")
    deliver_on: Mapped[date]
    version: Mapped[int] = mapped_column(default=1)
    sent_at: Mapped[datetime | None]
    mailed_at: Mapped[datetime | None]
    reminders: Mapped[int] = mapped_column(default=0)
    next_mail_at: Mapped[datetime | None]
    claimed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    claimed_at: Mapped[datetime | None]
    exchanged_from_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("products.id", ondelete="RESTRICT"), index=True
    )
    ended_at: Mapped[datetime | None]

    purchase: Mapped[Purchase] = relationship(lazy="raise_on_sql")
    sender: Mapped[User] = relationship(foreign_keys=[sender_id], lazy="raise_on_sql")

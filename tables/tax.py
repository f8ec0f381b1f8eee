"""Tax: what people want on their invoices, with the check of their VAT id, and rates of exchange."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from tables.base import Base, Stamped, enum_of


class VatState(StrEnum):
    """The state of the check of a VAT id in the EU's register (VIES).

    `none`: there is no id. `pending`: the register will be asked in a moment. `unconfirmed`: it doesn't know
    the id, or isn't responsible for it. `unavailable`: it doesn't answer, and is asked again.
    """

    NONE = "none"
    PENDING = "pending"
    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"
    UNAVAILABLE = "unavailable"


class BillingDetails(Stamped, Base):
    """The particulars of a buyer as they go onto the next invoice; an order keeps its own copy.

    `address` has a line for each line of it. `country` is ISO 3166-1 alpha-2, "" if unknown. `vat_id` begins
    with its country's prefix (EL for Greece). `vat_consultation` is the number with which the register proves
    that it was asked, `vat_checked_at` when it answered last.
    """

    __tablename__ = "billing_details"
    __table_args__ = (
        CheckConstraint("(vat_id = '') = (vat_state = 'none')", name="state_of_an_id"),
        Index(
            "ix_billing_details_waiting",
            "user_id",
            sqlite_where=text("vat_state = 'pending'"),
            postgresql_where=text("vat_state = 'pending'"),
        ),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), default="")
    company: Mapped[str] = mapped_column(String(120), default="")
    address: Mapped[str] = mapped_column(Text, default="")
    postal_code: Mapped[str] = mapped_column(String(20), default="")
    city: Mapped[str] = mapped_column(String(100), default="")
    country: Mapped[str] = mapped_column(String(2), default="")
    vat_id: Mapped[str] = mapped_column(String(20), default="")
    vat_state: Mapped[VatState] = mapped_column(enum_of(VatState), default=VatState.NONE)
    vat_consultation: Mapped[str] = mapped_column(String(40), default="")
    vat_checked_at: Mapped[datetime | None]


class EuroRate(Stamped, Base):
    """The worth of a euro at the end of a quarter (2026-Q4), in millionths of a unit of `currency`."""

    __tablename__ = "euro_rates"
    __table_args__ = (CheckConstraint("millionths > 0", name="rate_positive"),)

    quarter: Mapped[str] = mapped_column(String(7), primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    millionths: Mapped[int] = mapped_column(BigInteger)

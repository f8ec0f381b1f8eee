"""Consents of buyers, given before they paid."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Text
from sqlalchemy.orm import Mapped, mapped_column

from tables.base import Base, Stamped, enum_of


class OrderConsentKind(StrEnum):
    """The subject of a consent: the shop's terms, or delivery at once, which ends the right to withdraw."""

    TERMS = "terms"
    DELIVERY = "delivery"


class OrderConsent(Stamped, Base):
    """A consent that a buyer gave with an order: `wording` is what they agreed to, `version` its number.

    `repeated_at` is when the receipt repeated it to them: only then does a consent to delivery end a right.
    """

    __tablename__ = "order_consents"

    order_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("orders.id", ondelete="RESTRICT"), primary_key=True
    )
    kind: Mapped[OrderConsentKind] = mapped_column(enum_of(OrderConsentKind), primary_key=True)
    version: Mapped[int]
    wording: Mapped[str] = mapped_column(Text)
    given_at: Mapped[datetime]
    repeated_at: Mapped[datetime | None]

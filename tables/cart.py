"""The cart, of a person or a guest."""

import uuid
from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, Stamped, now, pk
from tables.catalog import Product
from tables.people import User


class Cart(Stamped, Base):
    """The cart of a person, or of a guest, whose signed cookie names it.

    `changed_at` is when its lines last changed, `reminded_at` when its owner was sent the reminder of what
    is in it.
    """

    __tablename__ = "carts"
    __table_args__ = (Index("ix_carts_changed_at", "changed_at"),)

    id: Mapped[pk]
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    changed_at: Mapped[datetime] = mapped_column(default=now)
    reminded_at: Mapped[datetime | None]

    user: Mapped[User | None] = relationship(lazy="raise_on_sql")


class CartItem(Stamped, Base):
    """A line of a cart: a product, and its price when it was added.

    A gift has a recipient, and perhaps a message and the day on which it is delivered. A line that was
    removed keeps its row for a while (`removed_at`), so that removing it can be undone.
    """

    __tablename__ = "cart_items"
    __table_args__ = (
        CheckConstraint("price_cents >= 0", name="price_not_negative"),
        CheckConstraint(
            "recipient_email IS NOT NULL OR (message IS NULL AND deliver_on IS NULL)",
            name="gift_has_recipient",
        ),
        Index(
            "uq_cart_items_once",
            "cart_id",
            "product_id",
            unique=True,
            sqlite_where=text("recipient_email IS NULL AND removed_at IS NULL"),
            postgresql_where=text("recipient_email IS NULL AND removed_at IS NULL"),
        ),
        Index("ix_cart_items_cart_id_created_at", "cart_id", "created_at"),
        Index(
            "ix_cart_items_removed_at",
            "removed_at",
            sqlite_where=text("removed_at IS NOT NULL"),
            postgresql_where=text("removed_at IS NOT NULL"),
        ),
    )

    id: Mapped[pk]
    cart_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("carts.id", ondelete="CASCADE"))
    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), index=True)
    price_cents: Mapped[int]
    recipient_email: Mapped[str | None] = mapped_column(String(254))
    message: Mapped[str | None] = mapped_column(Text)
    deliver_on: Mapped[date | None]
    removed_at: Mapped[datetime | None]

    product: Mapped[Product] = relationship(lazy="raise_on_sql")

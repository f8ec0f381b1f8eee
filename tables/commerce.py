"""Commerce: orders, purchases, their shares, Stripe's events and the wishlist."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    false,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, Stamped, enum_of, now, pk
from tables.catalog import Product
from tables.people import User


class OrderStatus(StrEnum):
    """The status of an order; only Stripe's answer completes or fails it."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"
    PARTIALLY_REFUNDED = "partially_refunded"


class PurchaseStatus(StrEnum):
    """The status of a purchase; a completed one gives access."""

    PENDING = "pending"
    COMPLETED = "completed"
    FAILED = "failed"
    REFUNDED = "refunded"


class Order(Stamped, Base):
    """A checkout, with its prices frozen when it was opened.

    `cart_key` names what is bought: a product, or the cart. At most one checkout per buyer and cart is open
    at a time; another may be while a delayed payment method settles (`confirming_since`) or an admin looks at
    a problem. `attempt` numbers the Checkout Sessions opened for it and is part of their idempotency key.
    `problem` says in a sentence why Stripe's object and this order disagree: an alert, open until an admin
    has `looked_at` it.

    `subtotal_cents` is the sum of the lines before the discount, as shown: with tax where
    `prices_include_tax`. `billing` are the buyer's particulars at that time, by the names of BillingDetails.
    `details` are facts from Stripe, such as the countries of the card and of the billing address.
    `payment_method` says in words what paid, `payment_last4` are the last digits of the card.
    """

    __tablename__ = "orders"
    __table_args__ = (
        CheckConstraint(
            "subtotal_cents >= 0 AND discount_cents >= 0 AND tax_cents >= 0 AND total_cents >= 0",
            name="amounts_not_negative",
        ),
        CheckConstraint(
            "total_cents = subtotal_cents - discount_cents"
            " + CASE WHEN prices_include_tax THEN 0 ELSE tax_cents END",
            name="total_adds_up",
        ),
        Index(
            "uq_orders_open_checkout",
            "user_id",
            "cart_key",
            unique=True,
            sqlite_where=text("status = 'pending' AND confirming_since IS NULL AND problem IS NULL"),
            postgresql_where=text("status = 'pending' AND confirming_since IS NULL AND problem IS NULL"),
        ),
        Index("ix_orders_user_id_created_at", "user_id", "created_at"),
        Index("ix_orders_status_created_at", "status", "created_at"),
        Index("ix_orders_total_cents_id", "total_cents", "id"),
        Index("ix_orders_status_total_cents_id", "status", "total_cents", "id"),
        Index("ix_orders_completed_at", "completed_at"),
        Index("ix_orders_created_at", "created_at"),
        # Beginnings of numbers: the collation of a database on PostgreSQL may order otherwise than bytewise.
        Index("ix_orders_number_beginning", "number", postgresql_ops={"number": "varchar_pattern_ops"}),
        Index(
            "ix_orders_unsolved",
            "created_at",
            sqlite_where=text("problem IS NOT NULL AND looked_at IS NULL"),
            postgresql_where=text("problem IS NOT NULL AND looked_at IS NULL"),
        ),
    )

    id: Mapped[pk]
    number: Mapped[str] = mapped_column(String(24), unique=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    cart_key: Mapped[str] = mapped_column(String(64))
    subtotal_cents: Mapped[int]
    discount_cents: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    tax_cents: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    total_cents: Mapped[int]
    prices_include_tax: Mapped[bool] = mapped_column(default=False, server_default=false())
    currency: Mapped[str] = mapped_column(String(3))
    coupon_code: Mapped[str | None] = mapped_column(String(64))
    billing: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    details: Mapped[dict[str, Any] | None] = mapped_column("metadata", JSON(none_as_null=True))
    payment_method: Mapped[str | None] = mapped_column(String(40))
    payment_last4: Mapped[str | None] = mapped_column(String(4))
    status: Mapped[OrderStatus] = mapped_column(enum_of(OrderStatus), default=OrderStatus.PENDING)
    attempt: Mapped[int] = mapped_column(default=1)
    stripe_session_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    stripe_payment_intent_id: Mapped[str | None] = mapped_column(String(255), unique=True)
    checkout_url: Mapped[str | None] = mapped_column(Text)
    checkout_expires_at: Mapped[datetime | None]
    confirming_since: Mapped[datetime | None]
    problem: Mapped[str | None] = mapped_column(String(500))
    looked_at: Mapped[datetime | None]
    completed_at: Mapped[datetime | None]
    refunded_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(lazy="raise_on_sql")
    # In one order: a repeated request to Stripe must name the same lines in the same places.
    purchases: Mapped[list["Purchase"]] = relationship(
        back_populates="order", lazy="raise_on_sql", order_by="Purchase.id"
    )


class Purchase(Stamped, Base):
    """One line of an order: a product, paid by `user` and held by `owner` (None: a gift nobody has claimed).

    `cart_item_id` is the line of the cart that a gift was in, which is deleted once it is bought: no foreign
    key. `product_snapshot` keeps title, summary, creator and slug as bought. `price_cents` is the list price
    at that time and `discount_cents` what a coupon took off, both as shown. `amount_cents` is what is paid
    without tax; `shares` say whose it is. `tax_rate_bp` is the rate in hundredths of a percent.
    `refunded_cents` is what went back to the buyer, `disputed_cents` what their bank holds at present, both
    with tax; `returned_tax_cents` is the tax in the two.
    """

    __tablename__ = "purchases"
    __table_args__ = (
        CheckConstraint(
            "amount_cents >= 0 AND discount_cents >= 0 AND tax_cents >= 0 AND tax_rate_bp >= 0",
            name="amounts_not_negative",
        ),
        CheckConstraint(
            "refunded_cents >= 0 AND disputed_cents >= 0"
            " AND refunded_cents + disputed_cents <= amount_cents + tax_cents",
            name="refund_within_amount",
        ),
        CheckConstraint("returned_tax_cents BETWEEN 0 AND tax_cents", name="returned_tax_within_tax"),
        CheckConstraint("owner_id IS NOT NULL OR is_gift", name="owned_or_given"),
        # The product first, so that its sales are counted from the index alone.
        Index(
            "uq_purchases_owned_once",
            "product_id",
            "owner_id",
            unique=True,
            sqlite_where=text("status = 'completed'"),
            postgresql_where=text("status = 'completed'"),
        ),
        # The second order of one cart doesn't give its gifts again.
        Index(
            "uq_purchases_cart_item_once",
            "cart_item_id",
            unique=True,
            sqlite_where=text("status = 'completed' AND cart_item_id IS NOT NULL"),
            postgresql_where=text("status = 'completed' AND cart_item_id IS NOT NULL"),
        ),
        Index(
            "ix_purchases_disputed",
            "id",
            sqlite_where=text("disputed_cents > 0"),
            postgresql_where=text("disputed_cents > 0"),
        ),
        Index("ix_purchases_product_id_created_at", "product_id", "created_at"),
        Index(
            "ix_purchases_refunded_at",
            "refunded_at",
            sqlite_where=text("refunded_at IS NOT NULL"),
            postgresql_where=text("refunded_at IS NOT NULL"),
        ),
    )

    id: Mapped[pk]
    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), index=True)
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    is_gift: Mapped[bool] = mapped_column(default=False, server_default=false())
    cart_item_id: Mapped[uuid.UUID | None]
    product_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("products.id", ondelete="RESTRICT"))
    product_snapshot: Mapped[dict[str, Any]] = mapped_column(JSON)
    price_cents: Mapped[int]
    discount_cents: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    amount_cents: Mapped[int]
    tax_cents: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    tax_rate_bp: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    currency: Mapped[str] = mapped_column(String(3))
    status: Mapped[PurchaseStatus] = mapped_column(enum_of(PurchaseStatus), default=PurchaseStatus.PENDING)
    refunded_cents: Mapped[int] = mapped_column(default=0)
    disputed_cents: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    returned_tax_cents: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    refunded_at: Mapped[datetime | None]

    order: Mapped[Order] = relationship(back_populates="purchases", lazy="raise_on_sql")
    product: Mapped[Product] = relationship(lazy="raise_on_sql")
    shares: Mapped[list["PurchaseShare"]] = relationship(
        back_populates="purchase", lazy="raise_on_sql", cascade="all, delete-orphan"
    )

    @property
    def paid_cents(self) -> int:
        """Return what the buyer pays for the line, with tax."""
        return self.amount_cents + self.tax_cents

    @property
    def left_cents(self) -> int:
        """Return what of the payment was neither refunded nor disputed, with tax."""
        return self.paid_cents - self.refunded_cents - self.disputed_cents

    @property
    def tax_left_cents(self) -> int:
        """Return the tax within `left_cents`."""
        return self.tax_cents - self.returned_tax_cents

    @property
    def platform_fee_cents(self) -> int:
        """Sum the platform's fees of the loaded shares."""
        return sum(share.platform_fee_cents for share in self.shares)

    @property
    def creator_amount_cents(self) -> int:
        """Sum what the loaded shares pay creators."""
        return sum(share.creator_amount_cents for share in self.shares)


class PurchaseShare(Stamped, Base):
    """The part of a purchase that pays one creator for one course: a bundle has several.

    `list_cents` is the course's list price at that time; of bundles sold before revision 0050 it is the
    course's part of the bundle's price. The `amount_cents` of a purchase's shares add up to its own; each is
    split into the platform's fee and the creator's amount. Earnings and reports read shares.
    """

    __tablename__ = "purchase_shares"
    __table_args__ = (
        CheckConstraint("platform_fee_cents + creator_amount_cents = amount_cents", name="split_adds_up"),
        CheckConstraint(
            "list_cents >= 0 AND amount_cents >= 0 AND platform_fee_cents >= 0 AND creator_amount_cents >= 0",
            name="amounts_not_negative",
        ),
        UniqueConstraint("purchase_id", "course_id"),
    )

    id: Mapped[pk]
    purchase_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("purchases.id", ondelete="RESTRICT"))
    creator_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("courses.id", ondelete="RESTRICT"), index=True)
    list_cents: Mapped[int]
    amount_cents: Mapped[int]
    platform_fee_cents: Mapped[int]
    creator_amount_cents: Mapped[int]

    purchase: Mapped[Purchase] = relationship(back_populates="shares", lazy="raise_on_sql")


class WishlistItem(Stamped, Base):
    """A product on a wishlist. `told_of_sale_ending` is the end of the sale that was last announced."""

    __tablename__ = "wishlist_items"
    __table_args__ = (
        Index("ix_wishlist_items_product_id_notify_sale", "product_id", "notify_sale", "user_id"),
    )

    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    product_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("products.id", ondelete="CASCADE"), primary_key=True
    )
    notify_sale: Mapped[bool] = mapped_column(default=True)
    told_of_sale_ending: Mapped[datetime | None]


class StripeEvent(Base):
    """The webhook inbox: an event is stored before it is handled, and handled once.

    `object_id` is the id of its object, such as a Checkout Session. `told` is the key of the alert raised
    because of it, so that the alert is raised once. When no order can hold the alert, `problem` says it in a
    sentence until an admin has `looked_at` it.
    """

    __tablename__ = "stripe_events"
    __table_args__ = (
        Index("ix_stripe_events_processed_at_received_at", "processed_at", "received_at"),
        Index(
            "uq_stripe_events_told",
            "told",
            unique=True,
            sqlite_where=text("told IS NOT NULL"),
            postgresql_where=text("told IS NOT NULL"),
        ),
        Index(
            "ix_stripe_events_unsolved",
            "received_at",
            "id",
            sqlite_where=text("problem IS NOT NULL AND looked_at IS NULL"),
            postgresql_where=text("problem IS NOT NULL AND looked_at IS NULL"),
        ),
    )

    id: Mapped[str] = mapped_column(String(255), primary_key=True)
    type: Mapped[str] = mapped_column(String(100))
    object_id: Mapped[str] = mapped_column(String(255), default="", index=True)
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    received_at: Mapped[datetime] = mapped_column(default=now)
    processed_at: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    told: Mapped[str | None] = mapped_column(String(300))
    problem: Mapped[str | None] = mapped_column(Text)
    looked_at: Mapped[datetime | None]

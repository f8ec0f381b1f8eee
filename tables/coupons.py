"""Coupons, and what each order made of one."""

import uuid
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from tables.base import Base, Stamped, enum_of, pk
from tables.catalog import Category, Product
from tables.commerce import Order
from tables.people import User


class CouponKind(StrEnum):
    """The kinds of discount: a percentage of each line, or an amount of all of them together."""

    PERCENTAGE = "percentage"
    FIXED_AMOUNT = "fixed_amount"


class CouponScope(StrEnum):
    """The products a coupon is for: one, a category with those below it, what one creator sells, or all."""

    PRODUCT = "product"
    CATEGORY = "category"
    CREATOR = "creator"
    ALL = "all"


class BorneBy(StrEnum):
    """The side whose share a discount comes out of; `domain/coupons/amounts.py` has the formula."""

    CREATOR = "creator"
    PLATFORM = "platform"
    BOTH = "both"


class RedemptionState(StrEnum):
    """The state of a use of a coupon: held by an open checkout, paid with, or given back."""

    RESERVED = "reserved"
    CONSUMED = "consumed"
    RELEASED = "released"


class Coupon(Stamped, Base):
    """A discount: with a code (upper case), or automatic, for whoever buys what it is for.

    `owner_id` is the creator whose studio it stands in, null for the shop's own. `value` is a whole
    percentage or minor units of the shop's currency, and so is `min_order_cents`, which the whole order has
    to reach. `valid_until` is when it is over. A batch of single-use codes is as many coupons that share
    `batch_id`: the id of the first, which stands for them in lists. A category that was deleted leaves its
    coupons without anything they are for.
    """

    __tablename__ = "coupons"
    __table_args__ = (
        CheckConstraint("automatic = (code IS NULL)", name="code_unless_automatic"),
        CheckConstraint("code = upper(code) AND code <> ''", name="code_in_upper_case"),
        CheckConstraint("value > 0 AND (kind <> 'percentage' OR value <= 100)", name="value_range"),
        CheckConstraint("(scope = 'product') = (product_id IS NOT NULL)", name="product_named"),
        CheckConstraint("(scope = 'creator') = (creator_id IS NOT NULL)", name="creator_named"),
        CheckConstraint("scope = 'category' OR category_id IS NULL", name="category_named"),
        CheckConstraint(
            "owner_id IS NULL AND borne_by <> 'creator'"
            " OR owner_id IS NOT NULL AND borne_by = 'creator' AND scope IN ('product', 'creator')"
            " AND (creator_id IS NULL OR creator_id = owner_id)",
            name="borne_by_its_owner",
        ),
        CheckConstraint(
            "min_order_cents >= 0 AND max_uses > 0 AND per_user_limit > 0", name="limits_positive"
        ),
        CheckConstraint("valid_from < valid_until", name="begins_before_it_ends"),
        Index("ix_coupons_owner_id_created_at", "owner_id", "created_at"),
        # What applies without a code is looked for in every cart.
        Index(
            "ix_coupons_automatic",
            "scope",
            sqlite_where=text("automatic AND active"),
            postgresql_where=text("automatic AND active"),
        ),
    )

    id: Mapped[pk]
    owner_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="RESTRICT"))
    name: Mapped[str] = mapped_column(String(80), default="")
    code: Mapped[str | None] = mapped_column(String(40), unique=True)
    automatic: Mapped[bool] = mapped_column(default=False)
    kind: Mapped[CouponKind] = mapped_column(enum_of(CouponKind))
    value: Mapped[int]
    scope: Mapped[CouponScope] = mapped_column(enum_of(CouponScope))
    product_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("products.id", ondelete="CASCADE"), index=True
    )
    category_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("categories.id", ondelete="SET NULL"), index=True
    )
    creator_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("users.id", ondelete="RESTRICT"), index=True
    )
    borne_by: Mapped[BorneBy] = mapped_column(enum_of(BorneBy))
    min_order_cents: Mapped[int] = mapped_column(default=0)
    max_uses: Mapped[int | None]
    per_user_limit: Mapped[int | None]
    first_purchase_only: Mapped[bool] = mapped_column(default=False)
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    batch_id: Mapped[uuid.UUID | None] = mapped_column(index=True)

    product: Mapped[Product | None] = relationship(lazy="raise_on_sql")
    category: Mapped[Category | None] = relationship(lazy="raise_on_sql")
    creator: Mapped[User | None] = relationship(lazy="raise_on_sql", foreign_keys=[creator_id])
    owner: Mapped[User | None] = relationship(lazy="raise_on_sql", foreign_keys=[owner_id])

    @property
    def label(self) -> str:
        """Return what buyers see it called: its code, or the name of an automatic one."""
        return self.code or self.name or "Discount"


class CouponRedemption(Stamped, Base):
    """The use of a coupon by an order, of which an order has one at most.

    `expires_at` is when the checkout that holds it is over for certain; `discount_cents` what it takes off.
    """

    __tablename__ = "coupon_redemptions"
    __table_args__ = (
        CheckConstraint("discount_cents >= 0", name="discount_not_negative"),
        Index("ix_coupon_redemptions_coupon_id_state", "coupon_id", "state", "created_at"),
        Index(
            "ix_coupon_redemptions_reserved",
            "expires_at",
            sqlite_where=text("state = 'reserved'"),
            postgresql_where=text("state = 'reserved'"),
        ),
    )

    id: Mapped[pk]
    coupon_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("coupons.id", ondelete="RESTRICT"))
    order_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"), unique=True)
    state: Mapped[RedemptionState] = mapped_column(enum_of(RedemptionState), default=RedemptionState.RESERVED)
    discount_cents: Mapped[int]
    expires_at: Mapped[datetime]

    coupon: Mapped[Coupon] = relationship(lazy="raise_on_sql")
    order: Mapped[Order] = relationship(lazy="raise_on_sql")

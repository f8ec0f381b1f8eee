"""Analytics: raw events, and daily totals aggregated from them."""

import datetime as dt
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tables.base import Base, now, pk


class Event(Base):
    """An event of a visitor. `visitor` is a keyed hash that is new every day, so it tracks nobody across
    days.

    `ip` is truncated (to /24, or /48 for IPv6), `referrer` a host name or a campaign.
    """

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_name_created_at", "name", "created_at"),
        Index("ix_events_created_at", "created_at"),
    )

    id: Mapped[pk]
    name: Mapped[str] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(default=now)
    user_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)
    visitor: Mapped[str] = mapped_column(String(32), default="")
    course_id: Mapped[uuid.UUID | None] = mapped_column(
        ForeignKey("courses.id", ondelete="CASCADE"), index=True
    )
    lesson_id: Mapped[uuid.UUID | None]
    properties: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    ip: Mapped[str] = mapped_column(String(45), default="")
    user_agent: Mapped[str] = mapped_column(String(255), default="")
    referrer: Mapped[str] = mapped_column(String(120), default="")


class CourseAnalytics(Base):
    """Totals of a course on one day (UTC); `flask stats rebuild` can recompute them. Watch time in seconds.

    `rating_sum` and `rating_count` are of the reviews written that day, `revenue_cents` is sales minus
    refunds.
    """

    __tablename__ = "course_analytics"
    __table_args__ = (
        CheckConstraint("views >= 0 AND enrollments >= 0 AND completions >= 0", name="not_negative"),
        Index("ix_course_analytics_date", "date"),
    )

    course_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True
    )
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    views: Mapped[int] = mapped_column(default=0)
    visitors: Mapped[int] = mapped_column(default=0)
    enrollments: Mapped[int] = mapped_column(default=0)
    completions: Mapped[int] = mapped_column(default=0)
    watch_seconds: Mapped[int] = mapped_column(BigInteger, default=0)
    rating_sum: Mapped[int] = mapped_column(default=0)
    rating_count: Mapped[int] = mapped_column(default=0)
    sales: Mapped[int] = mapped_column(default=0)
    revenue_cents: Mapped[int] = mapped_column(BigInteger, default=0)


class LessonAnalytics(Base):
    """Totals of a lesson on one day: starts, completions and watch time in seconds."""

    __tablename__ = "lesson_analytics"
    __table_args__ = (Index("ix_lesson_analytics_course_id_date", "course_id", "date"),)

    lesson_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("lessons.id", ondelete="CASCADE"), primary_key=True
    )
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    course_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("courses.id", ondelete="CASCADE"))
    starts: Mapped[int] = mapped_column(default=0)
    completions: Mapped[int] = mapped_column(default=0)
    watch_seconds: Mapped[int] = mapped_column(BigInteger, default=0)


class CourseSource(Base):
    """Views of a course on one day by source: a host, a campaign, or "direct"."""

    __tablename__ = "course_sources"

    course_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("courses.id", ondelete="CASCADE"), primary_key=True
    )
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(120), primary_key=True)
    views: Mapped[int] = mapped_column(default=0)


class DailySales(Base):
    """Sales of the whole shop on one day in one currency, in minor units."""

    __tablename__ = "daily_sales"

    date: Mapped[dt.date] = mapped_column(primary_key=True)
    currency: Mapped[str] = mapped_column(String(3), primary_key=True)
    sales: Mapped[int] = mapped_column(default=0)
    gross_cents: Mapped[int] = mapped_column(BigInteger, default=0)
    fee_cents: Mapped[int] = mapped_column(BigInteger, default=0)
    refunded_cents: Mapped[int] = mapped_column(BigInteger, default=0)


class ProductDay(Base):
    """The way of a product from view to sale on one day (UTC).

    `checkouts` are lines of orders begun that day, `paid` lines paid that day. `revenue_cents` is what was
    paid for it without tax, less what was refunded that day, in its present currency.
    """

    __tablename__ = "product_days"
    __table_args__ = (Index("ix_product_days_date", "date"),)

    product_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("products.id", ondelete="CASCADE"), primary_key=True
    )
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    views: Mapped[int] = mapped_column(default=0)
    cart_adds: Mapped[int] = mapped_column(default=0)
    checkouts: Mapped[int] = mapped_column(default=0)
    paid: Mapped[int] = mapped_column(default=0)
    revenue_cents: Mapped[int] = mapped_column(BigInteger, default=0)


class ProductPeriod(Base):
    """The sum of a product's days in one of the periods that reports offer, such as 30d.

    `views_per_sale` ranks what is viewed often and rarely bought: views by sales + 1, 0 for what is free.
    """

    __tablename__ = "product_periods"
    __table_args__ = (
        Index("ix_product_periods_revenue_cents", "period", "revenue_cents", "product_id"),
        Index("ix_product_periods_views_per_sale", "period", "views_per_sale", "product_id"),
    )

    period: Mapped[str] = mapped_column(String(3), primary_key=True)
    product_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("products.id", ondelete="CASCADE"), primary_key=True
    )
    views: Mapped[int]
    cart_adds: Mapped[int]
    checkouts: Mapped[int]
    paid: Mapped[int]
    revenue_cents: Mapped[int] = mapped_column(BigInteger)
    views_per_sale: Mapped[int]


class ShopDay(Base):
    """The way from view to sale in the whole shop on one day; every counted day has a row.

    `checkouts` and `paid` are orders. `codes_fitted` and `codes_refused` are codes of coupons that somebody
    typed.
    """

    __tablename__ = "shop_days"

    date: Mapped[dt.date] = mapped_column(primary_key=True)
    views: Mapped[int] = mapped_column(default=0)
    cart_adds: Mapped[int] = mapped_column(default=0)
    checkouts: Mapped[int] = mapped_column(default=0)
    paid: Mapped[int] = mapped_column(default=0)
    codes_fitted: Mapped[int] = mapped_column(default=0)
    codes_refused: Mapped[int] = mapped_column(default=0)


class CouponDay(Base):
    """The way of a coupon on one day: its code fitted what was in the cart, an order took it, it was paid.

    `revenue_cents` is what its discounted lines brought without tax, less what was refunded that day.
    """

    __tablename__ = "coupon_days"

    coupon_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("coupons.id", ondelete="CASCADE"), primary_key=True
    )
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    fitted: Mapped[int] = mapped_column(default=0)
    taken: Mapped[int] = mapped_column(default=0)
    paid: Mapped[int] = mapped_column(default=0)
    discount_cents: Mapped[int] = mapped_column(BigInteger, default=0)
    revenue_cents: Mapped[int] = mapped_column(BigInteger, default=0)


class CouponRefusalDay(Base):
    """The number of times a coupon's code was refused on one day for one reason."""

    __tablename__ = "coupon_refusal_days"

    coupon_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("coupons.id", ondelete="CASCADE"), primary_key=True
    )
    date: Mapped[dt.date] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(String(20), primary_key=True)
    times: Mapped[int] = mapped_column(default=0)

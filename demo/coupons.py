"""Coupons of the demo: a creator's and one of the shop's, used in some orders, and one without a code."""

import uuid
from datetime import datetime, timedelta
from typing import Protocol

from domain.coupons import amounts
from models import (
    BorneBy,
    Coupon,
    CouponKind,
    CouponRedemption,
    CouponScope,
    Course,
    Order,
    RedemptionState,
    User,
    db,
)

# Of the orders that a coupon is for, every which was paid with it, by its code.
EVERY = {"NEWSLETTER15": 3, "WELCOME10": 5}


class Sold(Protocol):
    """A sale, as demo.orders draws it."""

    @property
    def course(self) -> Course: ...
    @property
    def learner(self) -> User: ...
    @property
    def at(self) -> datetime: ...


class DemoCoupons:
    """The coupons, and who has used which."""

    def __init__(self, creator: User, now: datetime) -> None:
        begun = now - timedelta(days=300)
        self.used: set[tuple[uuid.UUID, uuid.UUID]] = set()
        self.asked = dict.fromkeys(EVERY, 0)
        self.rows = [
            Coupon(
                code="NEWSLETTER15", name="For readers of the newsletter", owner_id=creator.id,
                kind=CouponKind.PERCENTAGE, value=15, scope=CouponScope.CREATOR, creator_id=creator.id,
                borne_by=BorneBy.CREATOR, max_uses=200, per_user_limit=1, created_at=begun,
            ),
            Coupon(
                code="WELCOME10", name="On posters", kind=CouponKind.PERCENTAGE, value=10,
                scope=CouponScope.ALL, borne_by=BorneBy.PLATFORM, per_user_limit=1, created_at=begun,
            ),
            Coupon(
                code=None, automatic=True, name="Five off big orders", kind=CouponKind.FIXED_AMOUNT,
                value=500, scope=CouponScope.ALL, borne_by=BorneBy.BOTH, min_order_cents=8000,
                created_at=now - timedelta(days=3),
            ),
        ]  # fmt: skip
        db.session.add_all(self.rows)
        db.session.flush()

    def choose(self, sale: Sold) -> Coupon | None:
        """Choose the coupon that a sale was paid with; None for most."""
        for coupon in self.rows[:2]:
            is_for = coupon.creator_id in (None, sale.course.creator_id) and sale.at > coupon.created_at
            if coupon.code is None or not is_for or (coupon.id, sale.learner.id) in self.used:
                continue
            self.asked[coupon.code] += 1
            if self.asked[coupon.code] % EVERY[coupon.code] == 0:
                self.used.add((coupon.id, sale.learner.id))
                return coupon
        return None


def discount(coupon: Coupon | None, price: int, currency: str) -> int:
    """Compute what a coupon takes off a price, in minor units."""
    return amounts.take_off(coupon.kind, coupon.value, [price], currency)[0] if coupon is not None else 0


def redeem(coupon: Coupon, order: Order) -> None:
    """Insert the use of a coupon by a paid order."""
    order.coupon_code = coupon.label
    db.session.add(
        CouponRedemption(
            coupon_id=coupon.id, order_id=order.id, state=RedemptionState.CONSUMED,
            discount_cents=order.discount_cents, expires_at=order.created_at + timedelta(hours=25),
            created_at=order.created_at, updated_at=order.created_at,
        )
    )  # fmt: skip

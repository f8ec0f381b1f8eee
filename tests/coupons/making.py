"""Coupons and orders for tests, written as plainly as the tables allow."""

import uuid
from typing import Any

from domain.base import clock
from domain.coupons.discounts import Discount, DiscountLine, find
from models import BorneBy, Coupon, CouponKind, CouponScope, Course, Order, Purchase, User, db
from tests.cast import share_of


def coupon(code: str | None = "WELCOME10", **more: Any) -> Coupon:
    """A coupon of the shop for everything: 10 %, unless told otherwise; it is flushed."""
    values: dict[str, Any] = {
        "kind": CouponKind.PERCENTAGE, "value": 10, "scope": CouponScope.ALL, "borne_by": BorneBy.PLATFORM,
        "automatic": code is None, "name": "Spring sale" if code is None else "",
    }  # fmt: skip
    made = Coupon(code=code, **(values | more))
    db.session.add(made)
    db.session.flush()
    return made


def own_coupon(owner: User, code: str | None = "ADA10", **more: Any) -> Coupon:
    """A coupon of a creator, for all they sell."""
    scope = {"scope": CouponScope.CREATOR, "creator_id": owner.id} if "product_id" not in more else {
        "scope": CouponScope.PRODUCT
    }  # fmt: skip
    return coupon(code, owner_id=owner.id, borne_by=BorneBy.CREATOR, **scope, **more)


def ask(code: str, *courses: Course, buyer: User | None = None, prices: tuple[int, ...] = ()) -> Discount:
    """The discount of some courses at their prices, or at `prices`."""
    costs = prices or tuple(course.price_cents for course in courses)
    lines = [DiscountLine(course, cents, ()) for course, cents in zip(courses, costs, strict=True)]
    return find(buyer, lines, code, clock.now())


def order(buyer: User, course: Course, cents: int = 1900, **more: Any) -> Order:
    """An open order for one course in a cart of its own."""
    values = {"subtotal_cents": cents, "total_cents": cents, "currency": "usd"} | more
    made = Order(number=f"LN-{uuid.uuid4().hex[:12]}", user_id=buyer.id, cart_key=uuid.uuid4().hex, **values)
    db.session.add(made)
    db.session.flush()
    line = Purchase(
        order_id=made.id, user_id=buyer.id, owner_id=buyer.id, product_id=course.id, product_snapshot={},
        price_cents=cents, amount_cents=cents, currency="usd",
    )  # fmt: skip
    db.session.add_all([line, share_of(line, course, 0)])
    db.session.flush()
    db.session.refresh(made, ["purchases"])
    return made

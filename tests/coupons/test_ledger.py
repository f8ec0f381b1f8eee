"""`flask ledger check` finds uses of coupons that disagree with their orders or go beyond their limits."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from domain.base import clock
from domain.coupons import redemptions
from domain.coupons.discounts import Discount
from domain.ledger import coupon_checks
from models import Coupon, CouponRedemption, Order, db
from tests.cast import Cast
from tests.coupons.making import coupon, order


@pytest.mark.parametrize(
    ("values", "state", "found"),
    [
        ({}, "reserved", []),
        ({}, "released", []),
        ({}, "consumed", ["is pending, but its use of a coupon is consumed"]),
        ({"status": "completed", "completed_at": clock.now()}, "consumed", []),
        ({"status": "completed", "completed_at": clock.now()}, "reserved", ["is completed, but"]),
        ({"status": "refunded", "completed_at": clock.now()}, "released", ["is refunded, but"]),
        ({"status": "refunded"}, "released", []),
        ({"status": "cancelled"}, "released", []),
        ({"status": "failed"}, "reserved", ["is failed, but its use of a coupon is reserved"]),
    ],
)
def test_a_use_stands_as_its_order_does(
    app: Flask, cast: Cast, values: dict[str, Any], state: str, found: list[str]
) -> None:
    with app.test_request_context(method="POST"):
        one = order(cast.cy, cast.flask_course)
        redemptions.reserve(one, Discount(coupon(), (190,)))
        db.session.execute(update(CouponRedemption).values(state=state))
        if values:
            db.session.execute(update(Order).where(Order.id == one.id).values(**values))
        rows = coupon_checks.redemptions_match_orders()
        assert len(rows) == len(found)
        assert all(sentence in row for sentence, row in zip(found, rows, strict=True))


@pytest.mark.parametrize(
    ("order_cents", "line_cents", "coupon_cents", "wrong"),
    [
        (190, 190, 190, False),
        (190, 190, None, True),
        (190, 190, 100, True),
        (190, 100, 190, True),
        (0, 0, None, False),
    ],
)
def test_the_discount_of_a_paid_order_is_its_coupons(
    app: Flask, cast: Cast, order_cents: int, line_cents: int, coupon_cents: int | None, wrong: bool
) -> None:
    with app.test_request_context(method="POST"):
        one = order(cast.cy, cast.flask_course, discount_cents=order_cents, total_cents=1900 - order_cents)
        one.purchases[0].discount_cents = line_cents
        if coupon_cents is not None:
            redemptions.reserve(one, Discount(coupon(), (coupon_cents,)))
            redemptions.consume(one)
        one.status, one.completed_at = "completed", clock.now()
        db.session.flush()
        assert bool(coupon_checks.discounts_match_redemptions()) == wrong


def test_more_uses_than_allowed_are_shown(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        made = coupon(max_uses=2)
        for buyer in (cast.cy, cast.una):
            redemptions.reserve(order(buyer, cast.flask_course), Discount(made, (190,)))
        assert coupon_checks.uses_stay_within_limits() == []
        db.session.execute(update(Coupon).values(max_uses=1))
        assert coupon_checks.uses_stay_within_limits() == [f"coupon {made.id} is used 2 times of 1"]

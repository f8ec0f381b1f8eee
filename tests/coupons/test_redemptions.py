"""A use of a coupon is reserved, consumed or released, each once, and within its limits."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from domain import Refused
from domain.base import clock
from domain.coupons import redemptions
from domain.coupons.discounts import Discount
from models import Coupon, CouponRedemption, Order, OrderStatus, db
from tests.cast import Cast
from tests.coupons.making import ask, coupon, order

NONE = Discount(None, (0,))


@pytest.fixture(autouse=True)
def context(app: Flask) -> Any:
    with app.test_request_context(method="POST"):
        yield


def states(made: Coupon) -> list[str]:
    """The states of a coupon's uses, as they stand in the database."""
    query = select(CouponRedemption.state).where(CouponRedemption.coupon_id == made.id)
    return sorted(state.value for state in db.session.scalars(query))


def held(made: Coupon, cents: int = 190) -> Discount:
    return Discount(made, (cents,))


def test_reserved_consumed_and_nothing_twice(cast: Cast) -> None:
    made = coupon(max_uses=1)
    one = order(cast.cy, cast.flask_course)
    for _ in range(2):
        redemptions.reserve(one, held(made))
        assert states(made) == ["reserved"]
    for _ in range(2):
        assert redemptions.consume(one)
        redemptions.release(one)
        redemptions.reserve(one, NONE)
        assert states(made) == ["consumed"]


def test_released_and_free_for_another(cast: Cast) -> None:
    made = coupon(max_uses=1)
    one, two = order(cast.cy, cast.flask_course), order(cast.una, cast.flask_course)
    redemptions.reserve(one, held(made))
    with pytest.raises(Refused, match="“WELCOME10” has been used up"):
        redemptions.reserve(two, held(made))
    for _ in range(2):
        redemptions.release(one)
        assert states(made) == ["released"]
    redemptions.reserve(two, held(made))
    assert states(made) == ["released", "reserved"]


def test_an_order_has_one_coupon_and_changes_it_in_place(cast: Cast) -> None:
    made, other = coupon(max_uses=1), coupon("OTHER")
    one = order(cast.cy, cast.flask_course)
    redemptions.reserve(one, held(made))
    redemptions.reserve(one, held(other, 50))
    assert (states(made), states(other)) == ([], ["reserved"])
    assert db.session.scalar(select(CouponRedemption.discount_cents)) == 50
    redemptions.reserve(one, NONE)
    assert states(other) == []
    assert redemptions.consume(one)
    redemptions.release(one)


def test_a_late_payment_takes_a_use_that_is_still_free_and_no_other(cast: Cast) -> None:
    made = coupon(max_uses=1)
    one, two = order(cast.cy, cast.flask_course), order(cast.una, cast.flask_course)
    redemptions.reserve(one, held(made))
    redemptions.release(one)
    made.active = False
    assert redemptions.consume(one)
    made.active = True
    db.session.execute(update(CouponRedemption).values(state="released"))
    redemptions.reserve(two, held(made))
    assert not redemptions.consume(one)
    assert states(made) == ["released", "reserved"]


def test_a_person_may_change_their_cart_but_not_pay_twice_with_it(cast: Cast) -> None:
    made = coupon(per_user_limit=1, max_uses=1)
    one, two = order(cast.cy, cast.flask_course), order(cast.cy, cast.flask_course)
    redemptions.reserve(one, held(made))
    assert ask("WELCOME10", cast.flask_course, buyer=cast.cy).coupon == made
    assert ask("WELCOME10", cast.flask_course, buyer=cast.una).refusal == "“WELCOME10” has been used up."
    made.max_uses = None
    with pytest.raises(Refused, match="You have used “WELCOME10” already"):
        redemptions.reserve(two, held(made))
    one.confirming_since = clock.now()
    db.session.flush()
    assert "already" in (ask("WELCOME10", cast.flask_course, buyer=cast.cy).refusal or "")


def test_a_first_purchase_is_one_though_two_checkouts_are_open(cast: Cast) -> None:
    made, other = coupon(first_purchase_only=True), coupon("OTHER", first_purchase_only=True)
    one, two = order(cast.cy, cast.flask_course), order(cast.cy, cast.flask_course)
    redemptions.reserve(one, held(made))
    redemptions.reserve(one, held(made))
    with pytest.raises(Refused, match="first purchase only"):
        redemptions.reserve(two, held(other))
    with pytest.raises(Refused, match="first purchase only"):
        redemptions.reserve(order(cast.bo, cast.flask_course), held(other))


def test_one_stopped_meanwhile_is_refused(cast: Cast) -> None:
    made = coupon()
    db.session.execute(update(Coupon).values(active=False), execution_options={"synchronize_session": False})
    with pytest.raises(Refused, match="isn’t valid any more"):
        redemptions.reserve(order(cast.cy, cast.flask_course), held(made))


@pytest.mark.parametrize(
    ("status", "values", "expected"),
    [
        (OrderStatus.PENDING, {}, "released"),
        (OrderStatus.CANCELLED, {}, "released"),
        (OrderStatus.PENDING, {"confirming_since": clock.now()}, "reserved"),
        (OrderStatus.PENDING, {"problem": "Look."}, "reserved"),
    ],
)
def test_the_sweep_gives_back_what_nobody_pays(
    cast: Cast, status: OrderStatus, values: dict[str, Any], expected: str
) -> None:
    made = coupon()
    one = order(cast.cy, cast.flask_course)
    redemptions.reserve(one, held(made))
    redemptions.sweep()
    assert states(made) == ["reserved"]
    ended = clock.now() - timedelta(minutes=1)
    db.session.execute(update(CouponRedemption).values(expires_at=ended))
    db.session.execute(update(Order).where(Order.id == one.id).values(status=status, **values))
    redemptions.sweep()
    assert states(made) == [expected]


def test_the_sweep_keeps_what_an_open_checkout_has_and_what_was_paid(cast: Cast) -> None:
    made = coupon()
    one, two = order(cast.cy, cast.flask_course), order(cast.una, cast.flask_course)
    for each in (one, two):
        redemptions.reserve(each, held(made))
    redemptions.consume(two)
    two.status, two.completed_at = OrderStatus.COMPLETED, clock.now()
    db.session.flush()
    redemptions.sweep()
    assert states(made) == ["consumed", "reserved"]
    assert db.session.scalar(select(func.count()).select_from(CouponRedemption)) == 2

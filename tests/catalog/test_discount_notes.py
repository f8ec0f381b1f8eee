"""What a product's page says about its discount, to whom, and at what cost."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock
from domain.coupons import redemptions
from domain.coupons.discounts import Discount
from models import Coupon, CouponKind, CouponScope, User, db
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast
from tests.catalog.test_course import queries
from tests.coupons.making import coupon, order, own_coupon

Browser = Callable[[User], FlaskClient]
COURSE, BUNDLE = "/courses/flask-first-steps", "/bundles/web-bundle"


@pytest.fixture
def made(app: Flask, cast: Cast) -> Callable[..., None]:
    """A function that makes an automatic coupon; there is a bundle for 30 $ as well."""
    with app.test_request_context(method="POST"):
        other = make_course(cast, "Deeper routes", 2100)
        make_bundle(cast, [cast.flask_course.id, other.id], price=3000)
        db.session.commit()

    def make(code: str | None = None, **more: Any) -> None:
        with app.test_request_context(method="POST"):
            coupon(code, **more)
            db.session.commit()

    return make


def main(browser: FlaskClient, page: str) -> str:
    """The words of a page below its header."""
    return " ".join(browser.get(page).text.split("<main", 1)[1].split())


def test_an_automatic_discount_is_said_before_the_cart(
    app: Flask, cast: Cast, signed_in: Browser, made: Callable[..., None]
) -> None:
    year = clock.now().year + 1
    made(valid_until=datetime(year, 12, 4, tzinfo=UTC))
    said = f"Spring sale: 10% off until 3 December {year}, taken off at checkout."
    for browser in (app.test_client(), signed_in(cast.cy), signed_in(cast.una)):
        assert f"{said} That leaves $17.10." in main(browser, COURSE)
        assert f"{said} That leaves $27.00." in main(browser, BUNDLE)
    for reader in (cast.bo, cast.ada):
        assert "taken off at checkout" not in main(signed_in(reader), COURSE), "who buys nothing here"
    rest = main(signed_in(cast.bo), BUNDLE)  # who has one of its courses, and pays $15.75 for the other
    assert "That leaves $14.17." in rest or "That leaves $14.18." in rest


HELD_BACK: dict[str, dict[str, Any]] = {
    "over": {"valid_until": clock.now() - timedelta(days=1)},
    "later": {"valid_from": clock.now() + timedelta(days=1)},
    "stopped": {"active": False},
    "larger orders": {"min_order_cents": 5000},
}


@pytest.mark.parametrize("why", HELD_BACK)
def test_what_a_checkout_would_not_take_off_is_not_said(
    app: Flask, made: Callable[..., None], why: str
) -> None:
    made(**HELD_BACK[why])
    for page in (COURSE, BUNDLE):
        assert "taken off at checkout" not in main(app.test_client(), page)


def test_of_another_product(app: Flask, cast: Cast, made: Callable[..., None]) -> None:
    made(scope=CouponScope.PRODUCT, product_id=cast.flask_course.id)
    assert "That leaves $17.10." in main(app.test_client(), COURSE)
    assert "taken off at checkout" not in main(app.test_client(), BUNDLE)


def test_of_a_category_above(app: Flask, cast: Cast, made: Callable[..., None]) -> None:
    made(scope=CouponScope.CATEGORY, category_id=cast.web.id, kind=CouponKind.FIXED_AMOUNT, value=500)
    assert "Spring sale: $5 off, taken off at checkout. That leaves $14.00." in main(
        app.test_client(), COURSE
    )


def test_only_for_those_who_have_not_bought_yet(
    app: Flask, cast: Cast, signed_in: Browser, made: Callable[..., None]
) -> None:
    made(first_purchase_only=True)
    said = "10% off your first purchase, taken off at checkout."
    assert said in main(app.test_client(), COURSE)
    assert said in main(signed_in(cast.cy), COURSE)
    assert "taken off at checkout" not in main(signed_in(cast.bo), BUNDLE), "he bought a course"


def test_used_up(app: Flask, cast: Cast, signed_in: Browser, made: Callable[..., None]) -> None:
    made(max_uses=1)
    assert "taken off" in main(signed_in(cast.nia), COURSE)
    with app.test_request_context(method="POST"):
        held = db.session.scalars(db.select(Coupon)).one()
        redemptions.reserve(order(cast.cy, cast.flask_course), Discount(held, (190,)))
        db.session.commit()
    assert "taken off" not in main(signed_in(cast.nia), COURSE)
    assert "taken off" in main(signed_in(cast.cy), COURSE), "his own open checkout holds it"


def test_beside_a_code(app: Flask, cast: Cast, made: Callable[..., None]) -> None:
    made()
    made("HALF", value=50)
    page = main(app.test_client(), f"{COURSE}?code=half")
    assert "“HALF” takes $9.50 off. That leaves $9.50." in page
    assert "“HALF” saves $9.50, more than “Spring sale” with $1.90." in page
    page = main(app.test_client(), f"{COURSE}?code=nothing")
    assert "There is no code “NOTHING”." in page
    assert "Spring sale: 10% off, taken off at checkout. That leaves $17.10." in page


def test_it_costs_a_query_or_two(app: Flask, cast: Cast, made: Callable[..., None]) -> None:
    stranger = app.test_client()

    def fewest(page: str) -> int:
        """Without what is read anew now and then, such as the settings."""
        return min(queries(app, stranger, page) for _ in range(3))

    before = {page: fewest(page) for page in (COURSE, BUNDLE)}
    made(scope=CouponScope.CATEGORY, category_id=cast.web.id)
    for number in range(5):
        made(name=f"Sale {number}", value=number + 1)
    with app.test_request_context(method="POST"):
        own_coupon(cast.ada, None)
        db.session.commit()
    assert fewest(COURSE) <= before[COURSE] + 2
    assert fewest(BUNDLE) <= before[BUNDLE] + 1, "it asks for coupons in any case"

"""A code from the cart to the books: what Stripe is told, what is reserved, used, and given back."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from models import Coupon, CouponRedemption, Order, OrderStatus, User, db
from tests.cast import Cast
from tests.checkout.shop import ONCE, Shop, at_once, split_of
from tests.coupons.making import coupon, own_coupon

Browser = Callable[[User], FlaskClient]
REVIEW = "/checkout/review"


@pytest.fixture
def with_code(shop: Shop, cast: Cast) -> Callable[..., FlaskClient]:
    """A function that makes a coupon, and gives Cy's browser that came with its code."""

    def make(owner: User | None = None, **values: Any) -> FlaskClient:
        with shop.app.test_request_context(method="POST"):
            made = own_coupon(owner, **values) if owner else coupon(**values)
            code = made.code
            db.session.commit()
        cy = shop.signed_in(cast.cy)
        cy.get(f"/courses/flask-first-steps?code={code}")
        return cy

    return make


def uses(shop: Shop) -> list[str]:
    """The states of all uses."""
    with shop.database() as session:
        return sorted(state.value for state in session.scalars(select(CouponRedemption.state)))


def in_cart(browser: FlaskClient, cast: Cast) -> FlaskClient:
    browser.post("/cart/items", data={"product": str(cast.flask_course.id)})
    return browser


@pytest.mark.parametrize(
    ("borne_by", "split"), [("platform", [(380, 1330)]), ("both", [(513, 1197)]), ("creator", [(570, 1140)])]
)
def test_buy_now_with_a_code(
    shop: Shop, cast: Cast, with_code: Callable[..., FlaskClient], borne_by: str, split: list[tuple[int, int]]
) -> None:
    cy = with_code(cast.ada, code="WELCOME10") if borne_by == "creator" else with_code(borne_by=borne_by)
    session_id = shop.open(cy, cast.flask_course)
    asked = shop.stripe.get("checkout.session", session_id)
    assert asked["amount_total"] == 1710
    assert uses(shop) == ["reserved"]
    shop.stripe.pay(session_id)
    assert "Start learning" in shop.back(cy, session_id).text
    order = shop.order(session_id)
    assert (order.subtotal_cents, order.discount_cents, order.total_cents) == (1900, 190, 1710)
    assert order.coupon_code == "WELCOME10"
    assert split_of(order.purchases[0]) == split
    assert uses(shop) == ["consumed"]
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    assert cy.get_cookie("lectern_coupon") is None


def test_the_review_says_what_it_saves_or_why_not(
    shop: Shop, cast: Cast, with_code: Callable[..., FlaskClient]
) -> None:
    cy = in_cart(with_code(), cast)
    page = cy.get(REVIEW).text
    assert ("Pay $17.10" in page, "Discount “WELCOME10”" in page) == (True, True)
    with shop.database() as session:
        session.execute(update(Coupon).values(active=False))
    assert "“WELCOME10” isn’t valid any more." in cy.get(REVIEW).text


def test_nothing_to_pay_needs_no_card(shop: Shop, cast: Cast, with_code: Callable[..., FlaskClient]) -> None:
    cy = in_cart(with_code(value=100), cast)
    assert "Get it for free" in cy.get(REVIEW).text
    session_id = shop.session_in(cy.post(REVIEW, data={"product": "cart", "seen_total": "0"}))
    shop.stripe.pay(session_id)
    assert shop.stripe.get("checkout.session", session_id)["payment_status"] == "no_payment_required"
    shop.hear()
    assert uses(shop) == ["consumed"]
    assert shop.count(Order, Order.status == OrderStatus.COMPLETED, Order.total_cents == 0) == 1


def test_a_session_that_ends_gives_the_use_back(
    shop: Shop, cast: Cast, with_code: Callable[..., FlaskClient]
) -> None:
    cy = with_code(max_uses=1)
    session_id = shop.open(cy, cast.flask_course)
    shop.stripe.expire(session_id)
    shop.hear()
    assert uses(shop) == ["released"]
    again = shop.open(cy, cast.flask_course)
    assert uses(shop) == ["released", "reserved"]
    assert shop.stripe.get("checkout.session", again)["amount_total"] == 1710


def test_one_use_and_several_who_want_it(
    shop: Shop, cast: Cast, with_code: Callable[..., FlaskClient]
) -> None:
    with_code(max_uses=1)
    buyers = [shop.signed_in(person) for person in (cast.cy, cast.nia, cast.mo)]
    for buyer in buyers:
        buyer.get("/courses?code=WELCOME10")
    answers = at_once(*[partial(shop.click, buyer, cast.flask_course) for buyer in buyers])
    assert uses(shop) == ["reserved"]
    totals = sorted(session["amount_total"] for session in shop.stripe.all("checkout.session"))
    assert totals.count(1710) == 1
    assert all(answer.status_code in (303, 422) for answer in answers)

"""A cart at the till: one order, paid once, whose lines are delivered and leave the cart."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from domain.base import clock
from domain.platform import settings
from models import (
    AccessGrant,
    BillingDetails,
    Cart,
    CartItem,
    Coupon,
    CouponRedemption,
    Course,
    Document,
    Gift,
    Order,
    OrderConsent,
    OrderStatus,
    PlatformSettings,
    Product,
    Purchase,
    PurchaseStatus,
    RefundStatus,
    User,
    db,
)
from tests.cast import Cast
from tests.checkout.shop import Shop

Browser = Callable[[User], FlaskClient]
REVIEW = "/checkout/review"


def for_sale(shop: Shop, *courses: Course, price_cents: int = 2100) -> None:
    """Put a price on courses that are free otherwise."""
    with shop.database() as session:
        ids = [course.id for course in courses]
        session.execute(update(Product).where(Product.id.in_(ids)).values(price_cents=price_cents))


def fill(browser: FlaskClient, *courses: Course) -> None:
    """Put courses into the cart."""
    for course in courses:
        assert browser.post("/cart/items", data={"product": str(course.id)}).status_code == 303


def pay(shop: Shop, browser: FlaskClient, total: int, **more: str) -> str:
    """Press *Pay* on the review page; the id of the session."""
    return shop.session_in(browser.post(REVIEW, data={"product": "cart", "seen_total": str(total), **more}))


@pytest.fixture
def cart(shop: Shop, cast: Cast) -> FlaskClient:
    """Cy's browser with two courses in the cart: 19 $ and 21 $."""
    for_sale(shop, cast.free_course)
    cy = shop.signed_in(cast.cy)
    fill(cy, cast.flask_course, cast.free_course)
    return cy


def test_two_courses_are_one_order(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    began = cart.post("/checkout/cart")
    assert began.location == REVIEW
    page = cart.get(REVIEW).text
    assert "Pay $40.00" in page
    session_id = pay(shop, cart, 4000)
    shop.stripe.pay(session_id)
    shop.hear()
    order = shop.order(session_id)
    assert (order.status, order.total_cents, order.cart_key) == (OrderStatus.COMPLETED, 4000, "cart")
    assert sorted(line.amount_cents for line in order.purchases) == [1900, 2100]
    assert order.payment_method == "visa"
    assert order.payment_last4 == "4242"
    for course in (cast.flask_course, cast.free_course):
        assert shop.count(AccessGrant, AccessGrant.user_id == cast.cy.id, AccessGrant.course_id == course.id)
    assert shop.count(CartItem, CartItem.removed_at.is_(None)) == 0
    assert shop.count(Document, Document.order_id == order.id) == 1
    assert len(shop.mails("receipt", cast.cy)) == 1
    thanks = shop.back(cart, session_id).text
    assert "and 1 more are yours<" in thanks
    assert thanks.count("Start learning") >= 2
    # Another event of the same payment changes nothing.
    shop.hear()
    assert shop.count(Order) == 2  # the cast's own, and this one


def test_the_same_cart_opens_one_session(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    assert pay(shop, cart, 4000) == pay(shop, cart, 4000)
    assert len(shop.creates()) == 1


def test_another_cart_closes_the_session_and_makes_another_order(
    shop: Shop, cast: Cast, cart: FlaskClient
) -> None:
    first = pay(shop, cart, 4000)
    with shop.database() as session:
        session.execute(db.delete(CartItem).where(CartItem.product_id == cast.free_course.id))
    second = pay(shop, cart, 4000)
    assert first != second
    assert shop.stripe.get("checkout.session", first)["status"] == "expired"
    assert shop.order(first).status == OrderStatus.CANCELLED
    assert shop.order(second).total_cents == 1900


def test_a_higher_total_is_said_before_stripe(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    assert "Pay $40.00" in cart.get(REVIEW).text
    for_sale(shop, cast.free_course, price_cents=2500)
    answer = cart.post(REVIEW, data={"product": "cart", "seen_total": "4000"})
    assert answer.status_code == 409
    assert "Something has changed" in answer.text
    assert "Pay $44.00" in answer.text
    assert shop.creates() == []


def test_a_line_bought_meanwhile_is_refunded_alone(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    session_id = pay(shop, cart, 4000)
    single = shop.open(shop.signed_in(cast.cy), cast.flask_course)
    shop.stripe.pay(single)
    shop.hear()
    shop.stripe.pay(session_id)
    shop.hear()
    shop.hear()
    order = shop.order(session_id)
    assert order.status == OrderStatus.COMPLETED
    states = {line.product_id: line.status for line in order.purchases}
    assert states == {
        cast.flask_course.id: PurchaseStatus.FAILED,
        cast.free_course.id: PurchaseStatus.COMPLETED,
    }
    (refund,) = shop.refunds()
    assert (refund.amount_cents, refund.status) == (1900, RefundStatus.SUCCEEDED)
    assert shop.count(AccessGrant, AccessGrant.user_id == cast.cy.id) == 2
    assert [mail.data["number"] for mail in shop.alerts()] == [order.number]


def test_a_deleted_line_is_refunded_and_the_others_delivered(
    shop: Shop, cast: Cast, cart: FlaskClient
) -> None:
    session_id = pay(shop, cart, 4000)
    with shop.database() as session:
        now = session.scalar(select(Order.created_at).where(Order.stripe_session_id == session_id))
        session.execute(update(Product).where(Product.id == cast.free_course.id).values(deleted_at=now))
    shop.stripe.pay(session_id)
    shop.hear()
    order = shop.order(session_id)
    assert order.status == OrderStatus.COMPLETED
    (refund,) = shop.refunds()
    assert refund.amount_cents == 2100
    assert [mail.data["number"] for mail in shop.alerts()] == [order.number]


def test_a_bank_payment_blocks_only_its_own_products(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    single = shop.buy(shop.signed_in(cast.cy), cast.flask_course, "later_succeeds")
    shop.hear()
    assert shop.order(single).confirming_since is not None
    page = cart.get(REVIEW).text
    assert "is on its way, so it isn’t sold again" in page
    assert "Pay $21.00" in page
    session_id = pay(shop, cart, 2100)
    assert [line.product_id for line in shop.order(session_id).purchases] == [cast.free_course.id]


def test_consents_are_asked_and_kept(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    with shop.database() as session:
        site = session.get_one(PlatformSettings, 1)
        site.ask_terms, site.terms_text, site.terms_version = True, "I agree to everything.", 3
        session.commit()
        settings.forget()
    assert "I agree to everything." in cart.get(REVIEW).text
    refused = cart.post(REVIEW, data={"product": "cart", "seen_total": "4000"})
    assert refused.status_code == 422
    assert "Agree to the terms to go on." in refused.text
    bought = shop.signed_in(cast.cy).post("/checkout", data={"product": str(cast.flask_course.id)})
    assert bought.location == f"{REVIEW}?product={cast.flask_course.id}"
    pay(shop, cart, 4000, terms="y")
    with shop.database() as session:
        kept = session.scalars(select(OrderConsent)).one()
        assert (kept.version, kept.wording) == (3, "I agree to everything.")


def test_an_open_order_keeps_what_was_agreed_to_last(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    first = shop.session_in(cart.post(REVIEW, data={"product": "cart", "seen_total": "4000"}))
    for version in (1, 2):
        with shop.database() as session:
            site = session.get_one(PlatformSettings, 1)
            site.ask_delivery, site.delivery_text, site.delivery_version = True, f"Now, {version}.", version
            session.commit()
            settings.forget()
        sent = {"product": "cart", "seen_total": "4000", "delivery": "y"}
        assert shop.session_in(cart.post(REVIEW, data=sent)) == first
        with shop.database() as session:
            kept = session.scalars(select(OrderConsent)).one()
            assert (kept.version, kept.wording) == (version, f"Now, {version}.")


def test_a_person_is_one_customer(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    pay(shop, cart, 4000)
    shop.open(shop.signed_in(cast.cy), cast.flask_course)
    made = shop.stripe.requests("POST", "/v1/customers")
    assert len(made) == 1
    with shop.database() as session:
        assert session.get_one(User, cast.cy.id).stripe_customer_id


def test_stripe_is_told_of_a_buyer_only_what_is_new(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    pay(shop, cart, 4000)
    before = len(shop.stripe.requests())
    shop.open(cart, cast.flask_course)
    asked = [(call.method, call.path) for call in shop.stripe.requests()[before:]]
    assert asked == [("POST", "/v1/checkout/sessions")]
    with shop.database() as session:
        session.get_one(User, cast.cy.id).name = "Cyan"
    shop.open(cart, cast.free_course)
    (customer,) = shop.stripe.all("customer")
    assert customer["name"] == "Cyan"
    told = f"/v1/customers/{customer['id']}"
    assert len(shop.stripe.requests("POST", told)) == 1


def test_an_empty_cart_leads_to_the_cart(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    assert cy.get(REVIEW).location == "/cart"
    assert cy.post("/checkout/cart").location == "/cart"
    assert cy.post(REVIEW, data={"product": "cart", "seen_total": "1"}).location == "/cart"


@pytest.mark.parametrize("typed", ["-1", "9" * 400, "\x00", "x"])
def test_hostile_fields_are_refused_or_ignored(shop: Shop, cast: Cast, cart: FlaskClient, typed: str) -> None:
    assert cart.post(REVIEW, data={"product": "cart", "seen_total": typed}).status_code == 303
    assert cart.post(REVIEW, data={"product": typed}).status_code == 404
    assert cart.get(REVIEW, query_string={"product": typed}).status_code == 404


def test_free_lines_are_taken_at_once(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    fill(cy, cast.free_course)
    assert cy.post("/checkout/cart").location == "/learn"
    assert shop.count(AccessGrant, AccessGrant.user_id == cast.cy.id) == 1
    assert shop.count(Purchase, Purchase.user_id == cast.cy.id) == 0


def test_lines_paid_otherwise_than_ordered_stop_the_order(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    session_id = pay(shop, cart, 4000)
    with shop.database() as session:
        first, second = session.scalars(select(Purchase).where(Purchase.user_id == cast.cy.id)).all()
        first.amount_cents, second.amount_cents = second.amount_cents, first.amount_cents
    shop.falsified = True
    shop.stripe.pay(session_id)
    shop.hear()
    assert shop.order(session_id).status == OrderStatus.PENDING
    assert "lines that were paid differ" in (shop.order(session_id).problem or "")


def coupon(shop: Shop, cast: Cast, **values: Any) -> str:
    """A code of the shop's that takes 20 % off everything."""
    given = {"kind": "percentage", "value": 20, "scope": "all", "borne_by": "both"} | values
    with shop.database() as session:
        session.add(Coupon(code="TWENTY", **given))
    return "TWENTY"


def test_a_code_takes_its_part_off_each_line(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    cart.set_cookie("lectern_coupon", coupon(shop, cast))
    page = cart.get(REVIEW).text
    assert "Discount “TWENTY”" in page
    assert "Pay $32.00" in page
    session_id = pay(shop, cart, 3200)
    order = shop.order(session_id)
    assert (order.subtotal_cents, order.discount_cents, order.total_cents) == (4000, 800, 3200)
    assert order.coupon_code == "TWENTY"
    with shop.database() as session:
        assert session.scalars(select(CouponRedemption.state)).all() == ["reserved"]
    shop.stripe.pay(session_id)
    shop.hear()
    with shop.database() as session:
        assert session.scalars(select(CouponRedemption.state)).all() == ["consumed"]
    shop.back(cart, session_id)
    assert cart.get_cookie("lectern_coupon") is None


def test_a_checkout_that_expires_gives_its_use_back(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    cart.set_cookie("lectern_coupon", coupon(shop, cast, max_uses=1))
    session_id = pay(shop, cart, 3200)
    shop.stripe.expire(session_id)
    shop.hear()
    with shop.database() as session:
        assert session.scalars(select(CouponRedemption.state)).all() == ["released"]
    assert pay(shop, cart, 3200) != session_id


def test_everything_off_needs_no_card(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    cart.set_cookie("lectern_coupon", coupon(shop, cast, value=100))
    assert "Get it for free" in cart.get(REVIEW).text
    session_id = pay(shop, cart, 0)
    shop.stripe.pay(session_id)
    shop.hear()
    order = shop.order(session_id)
    assert (order.status, order.total_cents) == (OrderStatus.COMPLETED, 0)
    assert shop.count(Document, Document.order_id == order.id) == 1


def test_the_shops_rate_is_in_the_price_and_not_shared(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    tax(shop, tax_mode="own", tax_rates={"DE": 1900}, seller_country="DE")
    page = cart.get(REVIEW).text
    assert "Say which country you live in" in page
    assert cart.post(REVIEW, data={"product": "cart", "seen_total": "4000"}).status_code == 422
    with shop.database() as session:
        session.add(BillingDetails(user_id=cast.cy.id, country="DE", vat_id="", vat_state="none"))
    session_id = pay(shop, cart, 4000)
    order = shop.order(session_id)
    assert (order.total_cents, order.tax_cents, order.prices_include_tax) == (4000, 638, True)
    assert sorted((line.amount_cents, line.tax_cents) for line in order.purchases) == [
        (1597, 303),
        (1765, 335),
    ]
    shop.stripe.pay(session_id)
    shop.hear()
    assert shop.order(session_id).status == OrderStatus.COMPLETED


@pytest.mark.parametrize("included", [True, False])
def test_stripes_tax_is_taken_over(shop: Shop, cast: Cast, cart: FlaskClient, included: bool) -> None:
    tax(shop, tax_mode="stripe", seller_country="DE", prices_include_tax=included)
    session_id = pay(shop, cart, 4000)
    shop.stripe.pay(session_id, country="DE")
    shop.hear()
    order = shop.order(session_id)
    assert order.status == OrderStatus.COMPLETED
    assert order.total_cents == 4000 + (0 if included else order.tax_cents)
    assert order.tax_cents == sum(line.tax_cents for line in order.purchases) > 0
    assert all(line.tax_rate_bp == 1900 for line in order.purchases)
    for line in order.purchases:
        assert sum(share.amount_cents for share in line.shares) == line.amount_cents


def test_a_gift_in_the_cart_is_nobodys_until_it_is_claimed(shop: Shop, cast: Cast, cart: FlaskClient) -> None:
    day = (clock.now() + timedelta(days=90)).date()
    with shop.database() as session:
        (mine,) = session.scalars(select(Cart.id).where(Cart.user_id == cast.cy.id))
        session.add(
            CartItem(
                cart_id=mine, product_id=cast.flask_course.id, price_cents=1900,
                recipient_email="friend@example.net", message="Enjoy.", deliver_on=day,
            )
        )  # fmt: skip
    said = f"{day.day} {day:%b %Y}"
    assert said in cart.get("/cart").text
    page = cart.get(REVIEW).text
    assert "A gift for" in page
    assert said in page
    session_id = pay(shop, cart, 5900)
    shop.stripe.pay(session_id)
    shop.hear()
    order = shop.order(session_id)
    (given,) = [line for line in order.purchases if line.is_gift]
    assert (given.owner_id, given.status) == (None, PurchaseStatus.COMPLETED)
    assert shop.count(Gift, Gift.purchase_id == given.id) == 1
    assert shop.count(CartItem) == 0
    assert "See your gift" in shop.back(cart, session_id).text


def tax(shop: Shop, **values: Any) -> None:
    """Turn tax on."""
    with shop.database() as session:
        for name, value in values.items():
            setattr(session.get_one(PlatformSettings, 1), name, value)
        session.commit()
        settings.forget()


def test_a_payment_of_a_closed_checkout_is_delivered_and_said(
    shop: Shop, cast: Cast, cart: FlaskClient
) -> None:
    session_id = pay(shop, cart, 4000)
    with shop.database() as session:
        session.execute(
            update(Order).where(Order.stripe_session_id == session_id).values(status=OrderStatus.CANCELLED)
        )
    shop.stripe.pay(session_id)
    shop.hear()
    assert shop.order(session_id).status == OrderStatus.COMPLETED
    (alert,) = shop.alerts()
    assert "Paid after the checkout had closed" in alert.data["problem"]

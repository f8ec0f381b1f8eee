"""From "Buy now" to Stripe's page, and why not."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from domain.base import addresses, clock, money
from models import Course, Order, OrderStatus, PlatformSettings, Product, User
from tests.cast import Cast
from tests.checkout.shop import NOTHING, ONCE, Shop, split_of


def change(shop: Shop, course: Course, **values: Any) -> None:
    with shop.database() as db:
        db.execute(update(Product).where(Product.id == course.id).values(values))


def test_buying_leads_from_the_button_to_the_course(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.open(cy, cast.flask_course)
    order = shop.order(session_id)
    assert (order.status, order.total_cents, order.currency) == (OrderStatus.PENDING, 1900, "usd")
    assert shop.effects(cast.cy, cast.flask_course) == NOTHING
    session = shop.stripe.get("checkout.session", session_id)
    assert (session["amount_total"], session["customer_details"]["email"]) == (1900, "cy@example.com")
    back = shop.stripe.pay(session_id)
    assert back == f"http://localhost/checkout/success?session_id={session_id}"
    page = cy.get(back)
    assert page.status_code == 200
    assert "Flask, first steps” is yours" in page.text
    assert 'href="/learn/flask-first-steps"' in page.text
    assert shop.effects(cast.cy, cast.flask_course) == ONCE


def test_stripe_shows_what_is_bought_where_it_can_fetch_the_picture(shop: Shop, cast: Cast) -> None:
    change(shop, cast.flask_course, thumbnail="a" * 32, summary="Two hours on Flask.")
    picture = f"/images/thumbnail/{'a' * 32}/640.webp"
    for buyer, base, images in (
        (cast.nia, "https://shop.test", []),
        (cast.cy, "https://learn.example.org", [f"https://learn.example.org{picture}"]),
    ):
        shop.app.config["SETTINGS"] = replace(shop.app.config["SETTINGS"], base_url=base)
        session_id = shop.open(shop.signed_in(buyer), cast.flask_course)
        shown = shop.stripe.all("product")[-1]
        assert (shown["name"], shown["description"]) == ("Flask, first steps", "Two hours on Flask.")
        assert shown["images"] == images
        kept = shop.order(session_id).purchases[0].product_snapshot
        assert {"title", "summary", "description", "image"} <= set(kept)
        assert kept["image"] == "a" * 32


@pytest.mark.parametrize(
    "base",
    [
        "http://learn.example.org",
        "https://localhost:5000",
        "https://10.0.0.7",
        "https://[::1]",
        "https://nas.local",
    ],
)
def test_no_picture_of_a_shop_that_only_its_owner_reaches(shop: Shop, base: str) -> None:
    shop.app.config["SETTINGS"] = replace(shop.app.config["SETTINGS"], base_url=base)
    with shop.app.app_context():
        assert addresses.for_outsiders("/a.jpg") == ""


def test_the_order_is_written_before_stripe_is_asked(shop: Shop, cast: Cast) -> None:
    shop.stripe.fault("503", "POST /v1/checkout/sessions", times=3)
    answer = shop.click(shop.signed_in(cast.cy), cast.flask_course)
    assert answer.status_code == 503
    assert "your order is saved" in answer.text
    assert shop.count(Order, Order.user_id == cast.cy.id, Order.stripe_session_id.is_(None)) == 1


def test_after_an_outage_the_same_order_and_key_go_on(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    shop.stripe.fault("503", "POST /v1/checkout/sessions", times=3)
    shop.click(cy, cast.flask_course)
    session_id = shop.open(cy, cast.flask_course)
    assert {call.headers["Idempotency-Key"] for call in shop.creates()} == {
        f"order:{shop.order(session_id).id}:v1"
    }


def test_a_stripe_that_can_not_be_reached_at_all_is_a_clear_page(shop: Shop, cast: Cast) -> None:
    shop.stripe.fault("drop_before", "*/checkout/sessions", times=9)
    answer = shop.click(shop.signed_in(cast.cy), cast.flask_course)
    assert answer.status_code == 503
    assert "Try again" in answer.text


def test_an_open_session_is_used_again(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    assert shop.open(cy, cast.flask_course) == shop.open(cy, cast.flask_course)
    assert len(shop.creates()) == 1


def test_an_expired_session_is_followed_by_another_for_the_same_order(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    first = shop.open(cy, cast.flask_course)
    shop.stripe.expire(first)
    second = shop.open(cy, cast.flask_course)
    assert second != first
    assert shop.count(Order, Order.user_id == cast.cy.id) == 1
    shop.hear()
    assert shop.order(second).status == OrderStatus.PENDING


def test_the_webhook_of_an_expired_session_frees_the_buyer(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    first = shop.open(cy, cast.flask_course)
    shop.stripe.expire(first)
    shop.hear()
    assert shop.order(first).status == OrderStatus.CANCELLED
    assert "You haven’t been charged" in shop.back(cy, first).text
    assert shop.buy(cy, cast.flask_course) != first


def test_a_new_price_ends_the_old_session_and_opens_one_at_the_new_price(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    first = shop.open(cy, cast.flask_course)
    change(shop, cast.flask_course, price_cents=2500)
    second = shop.open(cy, cast.flask_course)
    assert shop.stripe.get("checkout.session", first)["status"] == "expired"
    assert shop.stripe.get("checkout.session", second)["amount_total"] == 2500
    order = shop.order(second)
    assert (order.attempt, order.total_cents) == (1, 2500)
    assert shop.order(first).status == OrderStatus.CANCELLED
    assert split_of(order.purchases[0]) == [(750, 1750)]
    shop.stripe.pay(second)
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == ONCE


def test_a_payment_that_overtakes_the_new_price_counts(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.buy(cy, cast.flask_course)
    change(shop, cast.flask_course, price_cents=2500)
    answer = shop.click(cy, cast.flask_course)
    assert answer.headers["Location"] == "/learn/flask-first-steps"
    assert shop.order(session_id).total_cents == 1900
    assert shop.effects(cast.cy, cast.flask_course) == ONCE


def test_the_sale_price_counts_while_the_sale_runs(shop: Shop, cast: Cast) -> None:
    ends = clock.now() + timedelta(days=1)
    change(shop, cast.flask_course, sale_price_cents=1501, sale_ends_at=ends)
    order = shop.order(shop.open(shop.signed_in(cast.cy), cast.flask_course))
    (purchase,) = order.purchases
    assert (purchase.price_cents, purchase.amount_cents, order.total_cents) == (1900, 1501, 1501)
    assert split_of(purchase) == [(450, 1051)]


def test_a_sale_that_is_over_costs_nobody_less(shop: Shop, cast: Cast) -> None:
    change(shop, cast.flask_course, sale_price_cents=1501, sale_ends_at=clock.now())
    order = shop.order(shop.open(shop.signed_in(cast.cy), cast.flask_course))
    assert (order.purchases[0].amount_cents, order.total_cents) == (1900, 1900)


def test_yen_go_over_the_wire_as_whole_yen(shop: Shop, cast: Cast) -> None:
    change(shop, cast.flask_course, currency="jpy", price_cents=1505)
    with shop.database() as db:
        db.execute(update(PlatformSettings).values(currency="jpy"))
    session_id = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    session = shop.stripe.get("checkout.session", session_id)
    assert (session["amount_total"], session["currency"]) == (1505, "jpy")
    shop.hear()
    (purchase,) = shop.order(session_id).purchases
    assert split_of(purchase) == [(452, 1053)]
    assert "¥1,505" in shop.signed_in(cast.cy).get(f"/orders/{shop.order(session_id).number}").text


def test_the_buyers_new_address_is_no_obstacle(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.open(cy, cast.flask_course)
    with shop.database() as db:
        db.execute(update(Order).where(Order.stripe_session_id == session_id).values(stripe_session_id=None))
        db.execute(update(User).where(User.id == cast.cy.id).values(email="cyrus@example.com"))
    second = shop.open(cy, cast.flask_course)
    customer = shop.stripe.get("checkout.session", second)["customer"]
    assert shop.stripe.get("customer", customer)["email"] == "cyrus@example.com"


def test_owners_are_sent_to_their_course(shop: Shop, cast: Cast) -> None:
    answer = shop.click(shop.signed_in(cast.bo), cast.flask_course)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/learn/flask-first-steps")
    assert shop.creates() == []


def test_free_courses_have_a_simpler_way_in(shop: Shop, cast: Cast) -> None:
    answer = shop.click(shop.signed_in(cast.cy), cast.free_course)
    assert answer.status_code == 422
    assert "This course is free" in answer.text
    assert 'href="/courses/reading-code"' in answer.text


def test_creators_do_not_buy_their_own_course(shop: Shop, cast: Cast) -> None:
    answer = shop.click(shop.signed_in(cast.ada), cast.flask_course)
    assert answer.status_code == 422
    assert "your own course" in answer.text


def test_an_unverified_buyer_is_asked_to_confirm_the_address(shop: Shop, cast: Cast) -> None:
    answer = shop.click(shop.signed_in(cast.una), cast.flask_course)
    assert answer.status_code == 422
    assert "Send the link again" in answer.text
    assert "una@example.com" in answer.text
    assert shop.count(Order, Order.user_id == cast.una.id) == 0


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ({"status": "archived"}, 422),
        ({"status": "expired"}, 422),
        ({"visibility": "members_only"}, 422),
        ({"visibility": "unlisted"}, 303),
        ({"visibility": "private"}, 404),
        ({"status": "rejected"}, 404),
        ({"deleted_at": clock.now()}, 404),
    ],
)
def test_only_what_is_on_the_shelf_is_sold(
    shop: Shop, cast: Cast, values: dict[str, Any], status: int
) -> None:
    change(shop, cast.flask_course, **values)
    assert shop.click(shop.signed_in(cast.cy), cast.flask_course).status_code == status


def test_a_course_past_its_date_is_not_sold(shop: Shop, cast: Cast) -> None:
    with shop.database() as db:
        past = clock.now() - timedelta(minutes=1)
        db.execute(update(Course).where(Course.id == cast.flask_course.id).values(expires_at=past))
    answer = shop.click(shop.signed_in(cast.cy), cast.flask_course)
    assert answer.status_code == 422
    assert "its creator needs to update it first" in answer.text


def test_strangers_and_drafts(shop: Shop, cast: Cast) -> None:
    assert shop.click(shop.app.test_client(), cast.flask_course).headers["Location"].startswith("/login")
    assert shop.click(shop.signed_in(cast.cy), cast.draft_course).status_code == 404


@pytest.mark.parametrize(
    "typed", ["", "x", "0", "00000000-0000-0000-0000-000000000000", "'; --", "\0", "é" * 9999]
)
def test_a_product_that_is_none_is_not_found(shop: Shop, cast: Cast, typed: str) -> None:
    assert shop.signed_in(cast.cy).post("/checkout", data={"product": typed}).status_code == 404


def test_the_amount_is_no_business_of_the_browser(shop: Shop, cast: Cast) -> None:
    typed = {"product": str(cast.flask_course.id), "price": "1", "amount": "1", "total_cents": "1"}
    answer = shop.signed_in(cast.cy).post("/checkout", data=typed)
    assert shop.stripe.get("checkout.session", shop.session_in(answer))["amount_total"] == 1900


def test_a_price_below_stripes_minimum_is_refused(shop: Shop, cast: Cast) -> None:
    change(shop, cast.flask_course, tier=None, price_cents=10)
    answer = shop.click(shop.signed_in(cast.cy), cast.flask_course)
    assert answer.status_code == 422
    assert "A payment has to be at least $0.50." in answer.text
    assert shop.creates() == []


def test_what_stripe_refuses_is_reported(shop: Shop, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(money, "least_charge", lambda currency: 0)
    change(shop, cast.flask_course, tier=None, price_cents=10)
    answer = shop.click(shop.signed_in(cast.cy), cast.flask_course)
    assert answer.status_code == 422
    assert "This course can’t be bought right now. We’ve been notified." in answer.text
    assert len(shop.alerts()) == 1
    change(shop, cast.flask_course, price_cents=1000)
    assert shop.open(shop.signed_in(cast.cy), cast.flask_course)


def test_paying_needs_the_forms_token(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    shop.app.config["WTF_CSRF_ENABLED"] = True
    assert shop.click(cy, cast.flask_course).status_code == 400
    assert shop.creates() == []


@pytest.mark.parametrize("how", ["admin", "override"])
def test_who_may_open_every_course_is_led_there_and_offered_no_payment(
    shop: Shop, cast: Cast, how: str
) -> None:
    person = cast.mo if how == "admin" else cast.cy
    browser = shop.signed_in(person)
    if how == "override":
        session_id = shop.open(browser, cast.flask_course)
        number = shop.order(session_id).number
        browser.post("/courses/flask-first-steps/wish", data={"wished": "yes"})
        success = f"/checkout/success?session_id={session_id}"
        pages = ["/wishlist", f"/orders/{number}", f"/checkout/cancelled?order={number}"]
        assert all('action="/checkout"' in browser.get(page).text for page in pages)
        assert "Return to the payment page" in browser.get(success).text
        _give_every_course(shop, cast.cy, True)
        assert "Return to the payment page" not in browser.get(success).text
        assert 'href="/learn/flask-first-steps"' in browser.get(f"/orders/{number}").text
        _give_every_course(shop, cast.cy, False)
        shop.stripe.expire(session_id)
        shop.hear()
        pages = ["/wishlist", f"/orders/{number}", success]
        assert all('action="/checkout"' in browser.get(page).text for page in pages)
        _give_every_course(shop, cast.cy, True)
        for page in pages:
            shown = browser.get(page)
            assert shown.status_code == 200
            assert 'action="/checkout"' not in shown.text
    opened = len(shop.creates())
    answer = shop.click(browser, cast.flask_course)
    assert (answer.status_code, answer.location) == (303, "/learn/flask-first-steps")
    lesson = browser.get(answer.location, follow_redirects=True)
    assert lesson.status_code == 200
    assert "You have access to every course." in lesson.text
    assert len(shop.creates()) == opened
    assert shop.count(Order, Order.user_id == person.id, Order.status == OrderStatus.PENDING) == 0


def _give_every_course(shop: Shop, person: User, everything: bool) -> None:
    with shop.database() as db:
        db.get_one(User, person.id).access_override = everything

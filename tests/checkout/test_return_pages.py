"""Back from Stripe's page, with and without having paid."""

import pytest
from flask.testing import FlaskClient

from models import Order
from tests.cast import Cast
from tests.checkout.shop import NOTHING, ONCE, Shop

FRAGMENT = {"HX-Request": "true", "HX-Request-Type": "partial"}


def test_an_unpaid_return_waits_and_asks_again(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.open(cy, cast.flask_course)
    page = shop.back(cy, session_id)
    assert page.status_code == 200
    again = f"/checkout/success?session_id={session_id}&amp;n=1"
    assert f'hx-get="{again}" hx-trigger="every 3s"' in page.text
    assert f'<noscript><meta http-equiv="refresh" content="3; url={again}"></noscript>' in page.text
    shop.stripe.pay(session_id)
    fragment = cy.get(again.replace("&amp;", "&"), headers=FRAGMENT)
    assert fragment.text.lstrip().startswith('<section class="narrow')
    assert "is yours" in fragment.text
    assert "hx-get" not in fragment.text
    assert shop.effects(cast.cy, cast.flask_course) == ONCE


def test_waiting_slows_down_and_ends(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.open(cy, cast.flask_course)

    def look(n: int) -> str:
        return cy.get("/checkout/success", query_string={"session_id": session_id, "n": n}).text

    assert "every 3s" in look(9)
    assert "every 15s" in look(10)
    assert "hx-trigger" not in look(40)
    assert "You can close this page" in look(40)


def test_a_silent_stripe_is_no_failure_of_the_payment(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.buy(cy, cast.flask_course)
    shop.stripe.fault("503", "GET /v1/checkout/sessions/*", times=3)
    page = shop.back(cy, session_id)
    assert page.status_code == 200
    assert "Waiting for your payment" in page.text
    assert shop.effects(cast.cy, cast.flask_course) == NOTHING
    assert "is yours" in shop.back(cy, session_id).text


def test_coming_back_twice_is_coming_back_once(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.buy(cy, cast.flask_course)
    shop.back(cy, session_id)
    asked = len(shop.stripe.requests())
    assert "is yours" in shop.back(cy, session_id).text
    assert len(shop.stripe.requests()) == asked
    assert shop.effects(cast.cy, cast.flask_course) == ONCE


def test_a_return_with_no_or_a_made_up_session_is_not_found(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    for session_id in ("", "cs_test_made_up", "x" * 5000, "../refunds", "\0"):
        assert shop.back(cy, session_id).status_code == 404
    assert shop.stripe.requests() == []


def test_leaving_stripes_page_offers_the_way_back(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.open(cy, cast.flask_course)
    order = shop.order(session_id)
    page = cy.get(shop.stripe.get("checkout.session", session_id)["cancel_url"])
    assert page.status_code == 200
    assert "You haven’t been charged" in page.text
    assert str(cast.flask_course.id) in page.text
    assert shop.signed_in(cast.bo).get(f"/checkout/cancelled?order={order.number}").status_code == 404
    assert shop.open(cy, cast.flask_course) == session_id


@pytest.mark.parametrize("query", ["", "?session_id=cs_nothing", "?order=LN-NOTHING"])
@pytest.mark.parametrize("page", ["success", "cancelled"])
def test_without_an_order_it_says_so(shop: Shop, cast: Cast, page: str, query: str) -> None:
    answer = shop.signed_in(cast.cy).get(f"/checkout/{page}{query}")
    assert (answer.status_code, "No order here" in answer.text) == (404, True)
    assert 'href="/orders"' in answer.text
    assert "no longer be available" not in answer.text


def test_a_cancelled_page_of_a_paid_order_shows_the_order(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.buy(cy, cast.flask_course)
    shop.hear()
    number = shop.order(session_id).number
    assert cy.get(f"/checkout/cancelled?order={number}").headers["Location"] == f"/orders/{number}"


def test_a_declined_card_leaves_everything_open(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.buy(cy, cast.flask_course, "declined")
    shop.hear()
    assert shop.effects(cast.cy, cast.flask_course) == NOTHING
    shop.stripe.pay(session_id, "3ds")
    assert "is yours" in shop.back(cy, session_id).text
    assert shop.effects(cast.cy, cast.flask_course) == ONCE


def test_receipts_are_written_and_look_right(shop: Shop, cast: Cast, client: FlaskClient) -> None:
    session_id = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    shop.hear()
    (receipt,) = shop.mails("receipt", cast.cy)
    assert receipt.subject == "Receipt for Flask, first steps"
    text = client.get(f"/dev/mail/{receipt.id}").text
    assert "$19.00" in text
    assert f"http://localhost/orders/{shop.order(session_id).number}" in text
    html = client.get(f"/dev/mail/{receipt.id}/body.html").text
    assert "http://localhost/learn/flask-first-steps" in html
    assert shop.count(Order, Order.user_id == cast.cy.id) == 1

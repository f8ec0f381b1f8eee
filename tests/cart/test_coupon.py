"""A code in the cart: it is kept, it says what it saves, and why it doesn't apply."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from domain.people import rate_limits
from models import Event, User, db
from tests.adversary.hostile import TEXTS
from tests.cart.test_cart import HTMX, put
from tests.cast import Cast
from tests.coupons.making import coupon, own_coupon

Browser = Callable[[User], FlaskClient]
CODE = "/cart/coupon"


@pytest.fixture
def filled(app: Flask, cast: Cast, client: FlaskClient) -> FlaskClient:
    """A guest with the course in their cart, and two coupons in the shop."""
    with app.test_request_context(method="POST"):
        coupon()
        own_coupon(cast.nia)
        db.session.commit()
    put(client, cast.flask_course)
    return client


def events(app: Flask) -> list[tuple[str, dict[str, object]]]:
    with app.app_context():
        rows = db.session.execute(
            select(Event.name, Event.properties).where(Event.name.like("coupon%")).order_by(Event.created_at)
        )
        return [(row[0], row[1]) for row in rows]


def test_a_code_is_kept_and_shows_what_it_saves(app: Flask, filled: FlaskClient) -> None:
    answer = filled.post(CODE, data={"code": " welcome10 "})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/cart")
    page = filled.get("/cart").text
    for words in ("Discount “WELCOME10”", "−$1.90", "$17.10"):
        assert words in page, words
    ((name, told),) = events(app)
    assert (name, told["amount_cents"], told["currency"]) == ("coupon_applied", 190, "usd")
    assert filled.post(f"{CODE}/remove").status_code == 303
    assert "−$1.90" not in filled.get("/cart").text


def test_a_refused_code_is_shown_again_with_the_reason(app: Flask, filled: FlaskClient) -> None:
    for headers in ({}, HTMX):
        answer = filled.post(CODE, data={"code": "ada10"}, headers=headers)
        assert answer.status_code == 422
        assert "“ADA10” isn’t for this course." in answer.text
        assert 'value="ada10"' in answer.text
    assert [name for name, _ in events(app)] == ["coupon_refused"] * 2
    assert "ada10" not in filled.get("/cart").text
    assert "Enter a code." in filled.post(CODE, data={"code": " "}).text


def test_a_link_brings_a_code_that_survives_signing_in(
    app: Flask, cast: Cast, filled: FlaskClient, signed_in: Browser
) -> None:
    filled.get("/courses/flask-first-steps?code=welcome10")
    assert "−$1.90" in filled.get("/cart").text
    filled.get("/courses?code=" + "x" * 5000)
    assert "−$1.90" in filled.get("/cart").text
    filled.get("/login/code?code=ADA10")
    assert "−$1.90" in filled.get("/cart").text
    cy = signed_in(cast.cy)
    put(cy, cast.flask_course)
    cy.get("/courses/flask-first-steps?code=ada10")
    page = cy.get("/cart").text
    assert ("isn’t for this course" in page, 'value="ADA10"' in page) == (True, True)


@pytest.mark.parametrize("typed", [*TEXTS, "x" * 10_000])
def test_hostile_codes_are_refused_as_text(filled: FlaskClient, typed: str) -> None:
    answer = filled.post(CODE, data={"code": typed})
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text


def test_guessing_ends(filled: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_limits, "WRONG_CODES_PER_ADDRESS", 2)
    for _ in range(2):
        assert "There is no code" in filled.post(CODE, data={"code": "guess"}).text
    assert "Too many codes were tried" in filled.post(CODE, data={"code": "WELCOME10"}).text


def test_no_code_is_asked_for_where_nothing_costs_anything(cast: Cast, client: FlaskClient) -> None:
    assert "Coupon code" not in client.get("/cart").text
    put(client, cast.free_course)
    assert "Coupon code" not in client.get("/cart").text


def test_the_page_says_what_the_code_saves(filled: FlaskClient) -> None:
    page = filled.get("/courses/flask-first-steps?code=welcome10").text
    assert "“WELCOME10” takes $1.90 off. That leaves $17.10." in " ".join(page.split())
    assert "takes $1.90 off" in filled.get("/courses/flask-first-steps").text
    assert "“ADA10” isn’t for this course." in filled.get("/courses/flask-first-steps?code=ADA10").text
    assert "ADA10" not in filled.get("/courses/reading-code").text

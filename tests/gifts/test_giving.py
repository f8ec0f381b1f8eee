"""“Give as a gift”: a form that puts a line into the cart, of guests too."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from models import CartItem, Product, db
from tests.cast import Cast
from tests.gifts.shop import GiftShop

ZOE = "zoe@example.com"
FORM = "/gifts/flask-first-steps"


def lines(gifts: GiftShop) -> list[tuple[Any, ...]]:
    """The lines of all carts, without those removed."""
    with gifts.app.app_context():
        query = select(CartItem.recipient_email, CartItem.message, CartItem.deliver_on)
        return [tuple(row) for row in db.session.execute(query.where(CartItem.removed_at.is_(None)))]


@pytest.fixture
def bo(gifts: GiftShop, cast: Cast) -> FlaskClient:
    """Bo's browser: he owns the course himself."""
    return gifts.signed_in(cast.bo)


def test_who_owns_a_course_can_give_it(gifts: GiftShop, bo: FlaskClient) -> None:
    assert f'href="{FORM}"' in bo.get("/courses/flask-first-steps").text
    page = bo.get(FORM).text
    assert "$19.00" in page
    day = (datetime.now(UTC) + timedelta(days=9)).date()
    sent = {"recipient": " Zoe@example.com ", "message": "Viel Spaß!", "deliver_on": day.isoformat()}
    answer = bo.post(FORM, data=sent)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/cart")
    assert lines(gifts) == [(ZOE, "Viel Spaß!", day)]
    assert ZOE in bo.get("/cart").text
    bo.post(FORM, data={"recipient": "yan@example.com"})
    assert len(lines(gifts)) == 2  # the same course for two people


def test_a_guest_gives_too(gifts: GiftShop) -> None:
    guest = gifts.app.test_client()
    assert f'href="{FORM}"' in guest.get("/courses/flask-first-steps").text
    assert guest.post(FORM, data={"recipient": ZOE}).status_code == 303
    assert ZOE in guest.get("/cart").text


def test_a_line_becomes_a_gift(gifts: GiftShop, cast: Cast) -> None:
    cy = gifts.signed_in(cast.cy)
    cy.post("/cart/items", data={"product": str(cast.flask_course.id)})
    with gifts.app.app_context():
        line = db.session.scalars(select(CartItem.id)).one()
    address = f"{FORM}?line={line}"
    assert address in cy.get("/cart").text
    stranger = gifts.signed_in(cast.nia)
    assert stranger.post(address, data={"recipient": "xi@example.com"}).status_code == 303
    assert sorted(line[0] or "" for line in lines(gifts)) == [
        "",
        "xi@example.com",
    ]  # not in place of another's
    assert cy.post(address, data={"recipient": ZOE}).status_code == 303
    assert sorted(line[0] for line in lines(gifts)) == ["xi@example.com", ZOE]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"recipient": ""}, "Enter the email address"),
        ({"recipient": "zoe@"}, "complete email address"),
        ({"recipient": "bo@example.com"}, "your own address"),
        ({"recipient": ZOE, "message": "see evil.com"}, "Leave out web and email addresses"),
        ({"recipient": ZOE, "message": "x" * 501}, "at most 500 characters"),
        ({"recipient": ZOE, "deliver_on": "2001-01-01"}, "That day has passed"),
        ({"recipient": ZOE, "deliver_on": "tomorrow"}, "tomorrow"),
        ({"recipient": ZOE, "deliver_on": "9999-12-31"}, "next twelve months"),
        ({"recipient": "z" * 10_000 + "@example.com"}, "too long"),
    ],
)
def test_what_is_wrong_is_said_beside_what_was_typed(
    gifts: GiftShop, bo: FlaskClient, typed: dict[str, str], said: str
) -> None:
    answer = bo.post(FORM, data=typed)
    assert answer.status_code == 422
    assert said in answer.text
    assert lines(gifts) == []


def test_what_is_free_or_not_for_sale_has_no_form(gifts: GiftShop, cast: Cast, bo: FlaskClient) -> None:
    assert "/gifts/reading-code" not in bo.get("/courses/reading-code").text
    page = bo.get("/gifts/reading-code").text
    assert "nothing to give" in page
    assert "recipient" not in page
    assert bo.post("/gifts/reading-code", data={"recipient": ZOE}).status_code == 422
    assert bo.get("/gifts/secret-draft").status_code == 404
    with gifts.writing() as session:
        session.execute(update(Product).where(Product.id == cast.flask_course.id).values(status="archived"))
    assert "isn’t for sale" in bo.get(FORM).text
    assert lines(gifts) == []

"""/orders: what was bought, how it stands, and the receipt; each person sees their own."""

import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from domain.base import clock
from domain.commerce import order_words, orders
from domain.pages import next_course
from models import Order, OrderStatus, Purchase, PurchaseShare, PurchaseStatus, RefundStatus, User, db
from tests.cast import Cast, share_of

SignIn = Callable[[User], FlaskClient]


def order_of(app: Flask, cast: Cast, user: User, **values: Any) -> str:
    """An order with one purchase of the Flask course, in whatever state; its number."""
    with app.app_context():
        number = f"LN-{uuid.uuid4().hex[:12].upper()}"
        amounts = {"subtotal_cents": 1900, "total_cents": 1900, "currency": "usd"}
        order = Order(number=number, user_id=user.id, cart_key=number, **{**amounts, **values})
        db.session.add(order)
        db.session.flush()
        purchase = Purchase(
            order_id=order.id, user_id=user.id, owner_id=user.id, product_id=cast.flask_course.id,
            price_cents=2100, amount_cents=1900, currency="usd",
            product_snapshot={"title": "Flask <as> sold", "creator": "Ada", "slug": "x", "summary": ""},
        )  # fmt: skip
        db.session.add(share_of(purchase, cast.flask_course, fee=570))
        db.session.commit()
        return number


def test_nobody_has_bought_anything_yet(cast: Cast, signed_in: SignIn) -> None:
    page = signed_in(cast.cy).get("/orders")
    assert page.status_code == 200
    assert "No orders yet" in page.text
    assert 'href="/courses"' in page.text


def test_a_receipt_shows_what_was_paid(cast: Cast, signed_in: SignIn) -> None:
    bo = signed_in(cast.bo)
    assert 'href="/orders/LN-TEST-0001"' in bo.get("/orders").text
    page = bo.get("/orders/LN-TEST-0001").text
    for part in ("Receipt LN-TEST-0001", "Flask, first steps", "$19.00", "Bo", "bo@example.com", "Paid on"):
        assert part in page


def test_the_receipt_keeps_the_name_it_was_sold_by(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    number = order_of(app, cast, cast.cy)
    page = signed_in(cast.cy).get(f"/orders/{number}").text
    assert "Flask &lt;as&gt; sold" in page
    assert "$21.00" in page


def test_prices_add_up_to_the_subtotal(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    number = order_of(app, cast, cast.cy, subtotal_cents=1900, discount_cents=400, total_cents=1500)
    with app.test_request_context(method="POST"):
        line = db.session.scalars(db.select(Purchase).join(Order).where(Order.number == number)).one()
        line.discount_cents, line.amount_cents = 400, 1500
        share = db.session.scalars(db.select(PurchaseShare).where(PurchaseShare.purchase_id == line.id)).one()
        share.amount_cents, share.creator_amount_cents = 1500, 1500 - share.platform_fee_cents
        db.session.commit()
    page = " ".join(signed_in(cast.cy).get(f"/orders/{number}").text.split())
    assert '</span>$21.00</s> $19.00</td> <td class="number">$15.00</td>' in page, (
        "it was on sale, and a code"
    )


def test_orders_are_seen_by_their_buyer_only(cast: Cast, signed_in: SignIn, client: FlaskClient) -> None:
    for person in (cast.cy, cast.ada, cast.mo):
        assert signed_in(person).get("/orders/LN-TEST-0001").status_code == 404
    assert client.get("/orders/LN-TEST-0001").headers["Location"].startswith("/login?next=")
    assert client.get("/orders").status_code == 303


@pytest.mark.parametrize("number", ["nothing", "LN-" + "9" * 5000, "%00", "..%2f..", "é"])
def test_an_order_that_is_none_is_not_found(cast: Cast, signed_in: SignIn, number: str) -> None:
    assert signed_in(cast.bo).get(f"/orders/{number}").status_code == 404


@pytest.mark.parametrize(
    ("values", "listed", "told"),
    [
        ({}, "Not paid", "hasn’t been paid yet"),
        ({"confirming_since": clock.now()}, "Processing", "Please don’t pay again"),
        ({"status": "failed"}, "Payment failed", "You haven’t been charged"),
        ({"problem": "secret reason"}, "On hold", "we’re looking into it"),
        ({"status": "refunded", "refunded_at": clock.now()}, "Refunded", "was refunded"),
    ],
)
def test_every_state_is_told(
    app: Flask, cast: Cast, signed_in: SignIn, values: dict[str, Any], listed: str, told: str
) -> None:
    number = order_of(app, cast, cast.cy, **values)
    cy = signed_in(cast.cy)
    assert listed in cy.get("/orders").text
    page = cy.get(f"/orders/{number}").text
    assert told in page
    assert "secret reason" not in page


@pytest.mark.parametrize(
    ("status", "text"),
    [
        ("pending", "Not paid"), ("completed", "Paid"), ("failed", "Payment failed"),
        ("cancelled", "Cancelled"), ("refunded", "Refunded"), ("partially_refunded", "Partly refunded"),
    ],
)  # fmt: skip
def test_admins_read_the_same_words(
    app: Flask, cast: Cast, signed_in: SignIn, status: str, text: str
) -> None:
    number, mo = order_of(app, cast, cast.cy, status=status), signed_in(cast.mo)
    for page in ("/admin/orders", f"/admin/orders/{number}", f"/admin/users/{cast.cy.id}"):
        assert re.search(rf'class="badge[^>]*>{text}<', mo.get(page).text), page


def test_every_state_has_its_words() -> None:
    for states in (OrderStatus, PurchaseStatus, orders.BuyerStatus, RefundStatus):
        for state in states:
            assert order_words.words(state).text


def test_what_comes_next_is_neither_owned_nor_being_paid_for(app: Flask, cast: Cast) -> None:
    def following(person: User) -> str | None:
        with app.app_context():
            card = next_course.by_the_same_creator(person, cast.free_course)
            return card.slug if card else None

    assert (following(cast.cy), following(cast.bo)) == ("flask-first-steps", None)
    order_of(app, cast, cast.cy, confirming_since=clock.now())
    assert following(cast.cy) is None


def test_what_came_to_nothing_is_not_listed(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    number = order_of(app, cast, cast.cy, status="cancelled")
    assert number not in signed_in(cast.cy).get("/orders").text
    assert "You haven’t been charged" in signed_in(cast.cy).get(f"/orders/{number}").text


def test_many_orders_come_in_pages(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    numbers = {order_of(app, cast, cast.cy, status="failed") for _ in range(25)}
    moment = clock.now()
    with app.app_context():  # a cursor lies within rows of one moment
        db.session.execute(update(Order).where(Order.number.in_(numbers)).values(created_at=moment))
        db.session.commit()
    cy = signed_in(cast.cy)
    first = cy.get("/orders").text
    assert "Back to newest" not in first
    older = re.search(r'href="(/orders\?after=[^"]+)"', first)
    assert older is not None
    second = cy.get(older[1]).text
    assert "Back to newest" in second
    seen = [[number for number in numbers if number in page] for page in (first, second)]
    assert [len(found) for found in seen] == [20, 5]
    assert set(seen[0] + seen[1]) == numbers
    assert "?after=" not in second
    assert "There are no older orders" in cy.get(f"/orders?after=0-{'0' * 32}").text
    for broken in ("x", "99999999999999999999", f"9-{'z' * 32}"):
        assert cy.get("/orders", query_string={"after": broken}).status_code == 200

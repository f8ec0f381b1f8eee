"""/orders searched and filtered: by number, by what was bought, by state, page by page."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.commerce import order_search
from models import Order, OrderStatus, User, db
from tests.cast import Cast
from tests.orders.test_receipts import order_of

SignIn = Callable[[User], FlaskClient]


@pytest.fixture
def numbers(app: Flask, cast: Cast) -> dict[str, str]:
    """Cy's orders by their state, and one of Bo's."""
    made = {
        state.value: order_of(app, cast, cast.cy, status=state)
        for state in (OrderStatus.PENDING, OrderStatus.FAILED, OrderStatus.CANCELLED, OrderStatus.REFUNDED)
    }
    with app.app_context():
        order = db.session.scalars(db.select(Order).where(Order.number == made["refunded"])).one()
        db.session.refresh(order, ["purchases"])
        line = order.purchases[0]
        line.product_snapshot = {**line.product_snapshot, "title": "Crème Brûlée für Ängstliche"}
        db.session.commit()
    return made


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, {"pending", "failed", "refunded"}),
        ({"state": "unpaid"}, {"pending", "failed"}),
        ({"state": "refunded"}, {"refunded"}),
        ({"state": "paid"}, set()),
        ({"q": "creme angst"}, {"refunded"}),
        ({"q": "sold flask"}, {"pending", "failed"}),
        ({"q": "flask", "state": "refunded"}, set()),
        ({"q": "%"}, set()),
        ({"q": "ln-"}, {"pending", "failed", "refunded"}),
        ({"q": "LN-TEST-0001"}, set()),
        ({"q": "ÄÖÜ\u202e"}, set()),
        ({"q": "x" * 10_000}, set()),
    ],
)
def test_orders_are_found(
    cast: Cast, signed_in: SignIn, numbers: dict[str, str], query: dict[str, str], found: set[str]
) -> None:
    page = signed_in(cast.cy).get("/orders", query_string=query)
    assert page.status_code == 200
    assert {state for state, number in numbers.items() if f"/orders/{number}" in page.text} == found
    assert ("No orders found" in page.text) == (not found)


def test_a_state_that_is_none_is_no_address(cast: Cast, signed_in: SignIn) -> None:
    assert signed_in(cast.cy).get("/orders?state=lost").status_code == 404


def test_pages_keep_search_and_state(
    cast: Cast, signed_in: SignIn, numbers: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_search, "PER_PAGE", 1)
    page: Any = signed_in(cast.cy).get("/orders?state=unpaid&q=flask")
    assert "q=flask&amp;state=unpaid&amp;after=" in page.text

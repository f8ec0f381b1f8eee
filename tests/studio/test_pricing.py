"""What a course costs: a size with its range, a price, and a sale that ends in the creator's own time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock
from models import Tier, User, db
from tests.cast import Cast
from tests.studio.editor import Desk

Browser = Callable[[User], FlaskClient]


@pytest.fixture
def desk(app: Flask, cast: Cast, signed_in: Browser) -> Desk:
    with app.app_context():
        db.session.get_one(User, cast.ada.id).timezone = "America/New_York"
        db.session.commit()
    return Desk(app, signed_in(cast.ada), cast.flask_course)


def save(desk: Desk, **typed: str) -> int:
    page = f"{desk.home}/pricing"
    form = {"tier": "standard", "price": "19", "sale_price": "", "sale_ends": "", **typed}
    return desk.browser.post(page, data=form).status_code


def test_a_price_in_its_size(desk: Desk) -> None:
    assert save(desk, tier="deep_dive", price="$39.50") == 303
    row = desk.row()
    assert (row.tier, row.price_cents) == (Tier.DEEP_DIVE, 3950)
    assert 'value="39.50"' in desk.get("/pricing")
    assert "6 to 10 hours, $25.00 to $40.00" in desk.get("/pricing")


def test_without_a_size_any_price_will_do(desk: Desk) -> None:
    assert save(desk, tier="", price="0") == 303
    row = desk.row()
    assert (row.tier, row.price_cents) == (None, 0)


def test_a_sale_ends_in_the_creators_own_time(desk: Desk, client: FlaskClient) -> None:
    assert save(desk, sale_price="15,50", sale_ends="2099-07-01T18:30") == 303
    row = desk.row()
    assert row.sale_price_cents == 1550
    assert row.sale_ends_at == datetime(2099, 7, 1, 22, 30, tzinfo=UTC)
    page = desk.get("/pricing")
    assert 'value="2099-07-01T18:30"' in page
    assert "America/New York" in page
    assert "$15.50" in client.get("/courses/flask-first-steps").text
    assert save(desk) == 303
    assert desk.row().sale_ends_at is None


def test_a_sale_that_is_over_is_not_shown_as_one(desk: Desk) -> None:
    desk.change(sale_price_cents=1500, sale_ends_at=clock.now() - timedelta(days=3))
    page = desk.get("/pricing")
    assert "The last sale ended" in page
    assert 'value="15"' not in page
    assert save(desk) == 303
    assert desk.row().sale_price_cents is None


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("price", {"price": "14.99"}, "$15 to $25"),
        ("price", {"price": "0"}, "$15 to $25"),
        ("price", {"price": ""}, "Enter a price"),
        ("price", {"tier": "", "price": " \u200b"}, "Enter a price"),
        ("price", {"price": "-1"}, "Enter an amount"),
        ("price", {"price": "19.999"}, "Enter an amount"),
        ("price", {"price": "1e9"}, "Enter an amount"),
        ("price", {"price": "NaN"}, "Enter an amount"),
        ("price", {"tier": "", "price": "10001"}, "up to $10,000"),
        ("price", {"tier": "", "price": "0.49"}, "Payments start at $0.50"),
        ("sale_price", {"sale_price": "0.30", "sale_ends": "2099-01-01T00:00"}, "Payments start at $0.50"),
        ("sale_price", {"sale_price": "19", "sale_ends": "2099-01-01T00:00"}, "lower than the price"),
        ("sale_price", {"sale_ends": "2099-01-01T00:00"}, "Enter the sale price"),
        ("sale_ends", {"sale_price": "9"}, "when the sale ends"),
        ("sale_ends", {"sale_price": "9", "sale_ends": "2020-01-01T00:00"}, "has passed"),
        ("sale_ends", {"sale_price": "9", "sale_ends": "tomorrow"}, "a day and a time"),
        ("sale_ends", {"sale_price": "9", "sale_ends": "0001-01-01T00:00"}, "a day and a time"),
        ("tier", {"tier": "huge"}, "Choose one of these."),
    ],
)
def test_what_cannot_be_asked_is_refused(desk: Desk, field: str, typed: dict[str, str], said: str) -> None:
    page = f"{desk.home}/pricing"
    form = {"tier": "standard", "price": "19", **typed}
    answer = desk.browser.post(page, data=form)
    assert answer.status_code == 422
    assert said in answer.text
    if field != "tier":
        assert f'id="{field}-error"' in answer.text
    row = desk.row()
    assert (row.price_cents, row.sale_price_cents, row.tier) == (1900, None, Tier.STANDARD)


def test_the_smallest_price_is_what_can_be_paid(desk: Desk) -> None:
    form = {"tier": "", "price": "0.50", "sale_price": "0", "sale_ends": "2099-01-01T00:00"}
    assert desk.browser.post(f"{desk.home}/pricing", data=form).status_code == 303
    row = desk.row()
    assert (row.price_cents, row.sale_price_cents) == (50, 0)


@pytest.mark.parametrize(
    "prices",
    [
        {"price_cents": 30},
        {"price_cents": 900, "sale_price_cents": 30, "sale_ends_at": datetime(2099, 1, 1, tzinfo=UTC)},
    ],
)
def test_a_stored_price_that_cant_be_paid_is_on_the_checklist(desk: Desk, prices: dict[str, object]) -> None:
    assert "Payments start at" not in desk.get("/publish")
    desk.change(tier=None, **prices)
    page = desk.get("/publish")
    assert f'<a href="{desk.home}/pricing">A price that can be paid</a>' in page
    assert "Payments start at $0.50." in page


def test_two_tabs_do_not_write_over_each_other(desk: Desk) -> None:
    page = f"{desk.home}/pricing"
    form = {"tier": "standard", "price": "19", "sale_price": "", "sale_ends": "", "was": desk.was("/pricing")}
    assert desk.browser.post(page, data={**form, "tier": "", "price": "20"}).status_code == 303
    sale = {"sale_price": "15", "sale_ends": "2030-12-31T18:00"}
    assert desk.browser.post(page, data={**form, **sale}).status_code == 303
    row = desk.row()
    assert (row.tier, row.price_cents, row.sale_price_cents) == (None, 2000, 1500)
    told = desk.browser.post(page, data={**form, "tier": "quick_skill", "price": "9"})
    assert told.status_code == 409
    assert "This was changed elsewhere to “20”" in told.text
    assert "This was changed elsewhere to “No size”" in told.text
    assert desk.row().price_cents == 2000

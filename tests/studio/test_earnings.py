"""Sales one by one: what became of the price, when the share is payable, the totals, and nobody else's."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from domain.base import clock
from models import (
    Course,
    Earning,
    EarningStatus,
    Order,
    OrderStatus,
    PayoutStatus,
    Purchase,
    PurchaseShare,
    PurchaseStatus,
    User,
    db,
)
from tests.cast import Cast, share_of
from tests.payouts.making import payout_row

Browser = Callable[[User], FlaskClient]
PAGE = "/studio/earnings"
PAYOUTS = {EarningStatus.PROCESSING: PayoutStatus.PENDING, EarningStatus.PAID: PayoutStatus.PAID}


def sale(app: Flask, cast: Cast, number: int, **more: object) -> None:
    """Somebody else bought the Flask course for 15 instead of 19 dollars."""
    with app.app_context():
        values = {"created_at": clock.now() - timedelta(days=number), "status": EarningStatus.PENDING} | more
        user = User(email=f"buyer{number}@example.com", name=f"Buyer {number}")
        db.session.add(user)
        db.session.flush()
        course = db.session.get_one(Course, cast.flask_course.id)
        order = Order(
            number=f"LN-MORE-{number:04}", user_id=user.id, cart_key="x", subtotal_cents=1500,
            total_cents=1500, currency="usd", status=OrderStatus.COMPLETED, completed_at=values["created_at"],
        )  # fmt: skip
        db.session.add(order)
        db.session.flush()
        purchase = Purchase(
            order_id=order.id, user_id=user.id, owner_id=user.id, product_id=course.id, product_snapshot={},
            price_cents=1900, amount_cents=1500, currency="usd", status=PurchaseStatus.COMPLETED,
        )  # fmt: skip
        share = share_of(purchase, course, fee=450)
        db.session.add(purchase)
        db.session.flush()
        state = PAYOUTS.get(values["status"])
        payout_id = payout_row(cast.ada.id, 1050, state).id if state is not None else None
        line = Earning(
            creator_id=cast.ada.id, share_id=share.id, key=f"sale:{share.id.hex}", amount_cents=1050,
            currency="usd", payout_id=payout_id,
            **{"available_at": clock.now() + timedelta(days=20), **values},
        )  # fmt: skip
        db.session.add(line)
        db.session.commit()


def test_each_part_of_the_price(app: Flask, cast: Cast, signed_in: Browser) -> None:
    sale(app, cast, 1)
    page = signed_in(cast.ada).get(PAGE).text
    row = next(row for row in page.split("<tr>") if "LN-MORE-0001" in row)
    for part in ("$19.00", "−$4.00", "−$4.50", "$10.50"):
        assert part in row
    assert "example.com" not in page.split("<main")[1], "who bought it is nobody's business"


def test_what_is_payable_when(app: Flask, cast: Cast, signed_in: Browser) -> None:
    day = timedelta(days=1)
    sale(app, cast, 1)
    sale(app, cast, 2, available_at=clock.now() - day)
    sale(app, cast, 3, status=EarningStatus.PROCESSING)
    sale(app, cast, 4, status=EarningStatus.PAID)
    sale(app, cast, 5, status=EarningStatus.PAID)
    page = signed_in(cast.ada).get(PAGE).text
    stats = page.split('<dl class="stats">')[1].split("</dl>")[0]
    found = [part.split("</dd>")[0].replace("</dt><dd>", " ") for part in stats.split("<dt>")[1:]]
    assert found == ["Waiting $10.50", "Available $23.80", "On its way $10.50", "Paid $21.00"]


def test_what_was_sent_back(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        bought = db.session.scalars(select(Purchase)).one()
        bought.refunded_cents, bought.refunded_at = 1000, clock.now()
        share = db.session.scalars(select(PurchaseShare)).one()
        line = Earning(
            creator_id=cast.ada.id, share_id=share.id, key="undo:1", amount_cents=-700,
            currency="usd", available_at=clock.now(),
        )  # fmt: skip
        db.session.add(line)
        db.session.commit()
    page = signed_in(cast.ada).get(PAGE).text
    assert "$10.00 refunded to the buyer" in page
    assert "−$7.00" in page
    assert page.count("LN-TEST-0001") == 1
    assert "$6.30" in page, "the total"


def test_months(app: Flask, cast: Cast, signed_in: Browser) -> None:
    sale(app, cast, 1)
    sale(app, cast, 200)
    browser = signed_in(cast.ada)
    old = clock.now() - timedelta(days=200)
    page = browser.get(f"{PAGE}?month={old:%Y-%m}").text
    assert "LN-MORE-0200" in page
    assert "LN-MORE-0001" not in page
    assert f'value="{old:%Y-%m}" selected' in page
    assert "No sales found" in browser.get(f"{PAGE}?month=2031-01").text
    assert browser.get(f"{PAGE}?month=2031-13").status_code == 404


def test_pages_follow_each_other(app: Flask, cast: Cast, signed_in: Browser) -> None:
    for number in range(1, 31):
        sale(app, cast, number)
    browser, address, seen = signed_in(cast.ada), PAGE, list[str]()
    while address:
        page = browser.get(address).text
        seen += [part.split("<")[0] for part in page.split('muted">LN-')[1:]]
        address = page.split('rel="next" href="')[1].split('"')[0] if 'rel="next"' in page else ""
    assert len(seen) == len(set(seen)) == 31
    assert sorted(seen[:20]) == seen[:20]


def test_the_file(app: Flask, cast: Cast, signed_in: Browser) -> None:
    sale(app, cast, 1)
    rows = list(
        csv.DictReader(io.StringIO(signed_in(cast.ada).get(f"{PAGE}.csv").text.removeprefix("\ufeff")))
    )
    assert len(rows) == 2
    row = rows[0]
    assert (row["List price"], row["Discount"], row["Paid"]) == ("19.00", "4.00", "15.00")
    assert (row["Fee"], row["Your share"], row["Currency"], row["Status"]) == (
        "4.50", "10.50", "USD", "Waiting",
    )  # fmt: skip


def test_another_creator_sees_nothing_of_it(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.nia)
    assert "No sales yet" in browser.get(PAGE).text
    assert "LN-TEST" not in browser.get(f"{PAGE}.csv").text


def test_queries_are_few(
    app: Flask, cast: Cast, signed_in: Browser, count_queries: Callable[[], int]
) -> None:
    for number in range(1, 6):
        sale(app, cast, number)
    signed_in(cast.ada).get(PAGE)
    assert count_queries() <= 5

"""Tax reports: sums by rate and country, and the one-stop shop in euros, with corrections."""

import csv
import io
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from domain.analytics import oss_report, periods
from domain.base import clock
from domain.documents import invoices
from domain.platform import settings
from models import Order, PlatformSettings, db
from tests.auth.mails import SignIn
from tests.cast import Cast
from tests.documents.orders import Item, paid, refunded

NOW = periods.quarter_of(clock.now().date())
BEFORE = periods.quarter_of(NOW.first - timedelta(days=1))
LONG_AGO = datetime.combine(BEFORE.first, datetime.min.time(), clock.now().tzinfo) + timedelta(days=20)


def sale(cast: Cast, country: str, net: int, tax: int, rate: int, **more: object) -> Order:
    """A paid order of a consumer in `country`, with its invoice of the same day."""
    kind = str(more.pop("kind", "own"))
    at = more.pop("at", None)
    assert at is None or isinstance(at, datetime)
    place = str(more.pop("place", country))
    details = {"tax_kind": kind, "tax_country": country, "tax_place": place, "tax_sentence": ""}
    order = paid(cast, Item(net, tax, rate), at=at, details=details, billing={"country": country}, **more)
    invoices.issue(order, at)
    return order


def credited(order: Order, cents: int) -> None:
    invoices.credit(refunded(order, cents))


@pytest.fixture
def german(app: Flask, cast: Cast) -> Iterator[None]:
    with app.test_request_context(method="POST"):
        db.session.execute(update(PlatformSettings).values(seller_country="DE", currency="eur"))
        db.session.commit()
        settings.forget()
        yield


@pytest.fixture
def mo(cast: Cast, signed_in: SignIn) -> FlaskClient:
    return signed_in(cast.mo)


def table(answer: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(answer.lstrip("\ufeff"))))[1:]


@pytest.mark.usefixtures("german")
def test_sums_by_country_rate_and_kind(cast: Cast, mo: FlaskClient) -> None:
    sale(cast, "DE", 10_000, 1900, 1900)
    order = sale(cast, "DE", 5000, 950, 1900)
    credited(order, 1190)
    sale(cast, "NL", 1000, 210, 2100)
    sale(cast, "FR", 8000, 0, 0, kind="reverse_charge")
    sale(cast, "US", 3000, 0, 0, place="")
    sale(cast, "DE", 700, 133, 1900, at=LONG_AGO)
    db.session.commit()
    rows = table(mo.get("/admin/tax.csv").text)
    assert [row[2:] for row in rows if row[2]] == [
        ["FR", "France", "0", "Reverse charge", "1", "0", "EUR", "80.00", "0.00", "80.00"],
        ["DE", "Germany", "19", "Your rates", "2", "1", "EUR", "140.00", "26.60", "166.60"],
        ["NL", "Netherlands", "21", "Your rates", "1", "0", "EUR", "10.00", "2.10", "12.10"],
        ["US", "United States", "0", "Your rates", "1", "0", "EUR", "30.00", "0.00", "30.00"],
    ]
    page = mo.get("/admin/tax").text
    assert "€260.00" in page  # net
    assert "€28.70" in page
    assert "€7.00" in mo.get(f"/admin/tax?period={BEFORE.key}").text
    assert "No documents" in mo.get("/admin/tax?period=2001-02").text


@pytest.mark.usefixtures("german")
def test_the_one_stop_shop_corrects_earlier_quarters(cast: Cast, mo: FlaskClient) -> None:
    earlier = sale(cast, "NL", 10_000, 2100, 2100, at=LONG_AGO)
    sale(cast, "DE", 10_000, 1900, 1900)
    sale(cast, "FR", 2000, 400, 2000)
    partly = sale(cast, "FR", 1000, 200, 2000)
    sale(cast, "FR", 9000, 0, 0, kind="reverse_charge")
    sale(cast, "AT", 1000, 190, 1900, place="DE")  # below the threshold: the seller's rate
    sale(cast, "CH", 1000, 81, 810)
    credited(partly, 600)
    credited(earlier, 6050)
    db.session.commit()
    assert table(mo.get(f"/admin/tax/one-stop-shop.csv?quarter={BEFORE.key}").text) == [
        [BEFORE.key, "Supplies", "", "NL", "Netherlands", "21", "100.00", "21.00"]
    ]
    assert table(mo.get(f"/admin/tax/one-stop-shop.csv?quarter={NOW.key}").text) == [
        [NOW.key, "Supplies", "", "FR", "France", "20", "25.00", "5.00"],
        [NOW.key, "Correction", BEFORE.key, "NL", "Netherlands", "", "", "-10.50"],
    ]
    page = mo.get(f"/admin/tax/one-stop-shop?quarter={NOW.key}").text
    assert "Corrections of earlier quarters" in page
    assert "−€10.50" in page
    assert oss_report.of_quarter(NOW).due == [("FR", 500), ("NL", -1050)]
    assert "Netherlands" in mo.get("/admin/tax/one-stop-shop").text, "the last quarter by default"


@pytest.mark.usefixtures("german")
def test_a_corrected_invoice_changes_no_earlier_quarter(cast: Cast) -> None:
    order = sale(cast, "NL", 10_000, 2100, 2100, at=LONG_AGO)
    invoices.correct(order, {"name": "Cy", "company": "Cy BV", "country": "NL"})
    found = oss_report.of_quarter(NOW)
    assert (found.supplies, found.corrections) == ([], [])


@pytest.mark.usefixtures("german")
def test_other_currencies_are_converted_at_the_rate_of_their_quarter(cast: Cast, mo: FlaskClient) -> None:
    earlier = sale(cast, "NL", 10_000, 2100, 2100, at=LONG_AGO, currency="usd")
    sale(cast, "FR", 2000, 400, 2000, currency="usd")
    credited(earlier, 6050)
    db.session.commit()
    where = f"/admin/tax/one-stop-shop?quarter={NOW.key}"
    assert mo.get(where.replace("shop?", "shop.csv?")).status_code == 404
    assert mo.get(where).text.count('name="rate"') == 2
    for wrong in ("", "0", "-1", "abc", "1e9", "NaN", "1.12345678", "9" * 30):
        sent = {"quarter": NOW.key, "currency": "usd", "rate": wrong}
        assert mo.post(where, data=sent).status_code == 422, wrong
    assert mo.post(where, data={"quarter": "2026", "currency": "usd", "rate": "1"}).status_code == 404
    for quarter, rate in ((NOW, "1,25"), (BEFORE, "1.1"), (BEFORE, "1.05")):
        sent = {"quarter": quarter.key, "currency": "usd", "rate": rate}
        assert mo.post(where, data=sent).status_code == 303
    assert table(mo.get(where.replace("shop?", "shop.csv?")).text) == [
        [NOW.key, "Supplies", "", "FR", "France", "20", "16.00", "3.20"],
        [NOW.key, "Correction", BEFORE.key, "NL", "Netherlands", "", "", "-10.00"],
    ]


@pytest.mark.parametrize("address", ["/admin/tax?period=2026-13", "/admin/tax/one-stop-shop?quarter=2026-11"])
def test_periods_that_are_none_are_not_found(mo: FlaskClient, address: str) -> None:
    assert mo.get(address).status_code == 404


def test_periods_end_on_their_last_day() -> None:
    assert periods.read("2028-02")[:2] == (date(2028, 2, 1), date(2028, 2, 29))
    assert periods.read("2026-Q4")[:2] == (date(2026, 10, 1), date(2026, 12, 31))
    assert periods.read("2026")[:2] == (date(2026, 1, 1), date(2026, 12, 31))
    assert [one.key for one in periods.recent_quarters(date(2026, 2, 3), 3)] == [
        "2026-Q1",
        "2025-Q4",
        "2025-Q3",
    ]
    assert periods.recent(date(2026, 1, 31))[9].key == "2025-12"

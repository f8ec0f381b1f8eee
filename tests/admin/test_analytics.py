"""The shop's figures: pages of the period, best and worst, files, and how much they ask of the database."""

import csv
import io

import pytest
from flask import Flask

from domain.analytics import conversion_report
from domain.analytics.reporting_periods import Period
from domain.platform.event_registry import EventName
from models import Course, ProductPeriod, db
from tests.admin.query_counts import Counter, queries  # noqa: F401
from tests.analytics.test_conversion import count, happened, sell
from tests.auth.mails import SignIn
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast

MOST_QUERIES = 7  # of the page, with those of who looks at it


@pytest.fixture
def sold(app: Flask, cast: Cast) -> None:
    """A bundle that was viewed and sold, and a course that was only viewed."""
    with app.test_request_context(method="POST"):
        flask = db.session.get_one(Course, cast.flask_course.id)
        bundle, seen = make_bundle(cast), make_course(cast, "Maps of <Mars>")
        for _ in range(12):
            happened(EventName.BUNDLE_VIEW, product=str(bundle.id))
        for _ in range(40):
            happened(EventName.CONTENT_VIEW, seen, kind="course")
        for buyer in (cast.cy, cast.nia):
            sell(buyer, bundle, {flask: 1500})
        count()


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))[1:]


def test_the_page_shows_the_way_and_the_best_and_worst(
    app: Flask, cast: Cast, sold: None, signed_in: SignIn, queries: Counter  # noqa: F811
) -> None:  # fmt: skip
    mo = signed_in(cast.mo)
    mo.get("/admin/analytics")
    queries.clear()
    page = mo.get("/admin/analytics").text
    assert len(queries) <= MOST_QUERIES
    best, worst = page.index('id="best"'), page.index('id="worst"')
    assert "Web bundle" in page[best:worst]
    assert "$30.00" in page[best:worst]
    assert "Maps of &lt;Mars&gt;" in page[worst:]
    assert "Web bundle" not in page[worst:]
    swapped = mo.get("/admin/analytics?period=12m", headers={"HX-Request": "true"}).text
    assert swapped.lstrip().startswith('<div class="stack-l" id="numbers">')
    assert "No data for the last" not in swapped


def test_files_have_every_day_and_every_product(
    app: Flask, cast: Cast, sold: None, signed_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conversion_report, "BATCH", 1)
    mo = signed_in(cast.mo)
    days = rows(mo.get("/admin/analytics/days.csv").text)
    assert [row[1:] for row in days if row[1] != "0"] == [["52", "0", "2", "2", "0", "0"]]
    products = {row[0]: row[1:] for row in rows(mo.get("/admin/analytics/products.csv").text)}
    assert products["Web bundle"] == ["bundle", "web-bundle", "12", "0", "2", "2", "30.00", "USD"]
    assert products["Maps of <Mars>"][2] == "40"
    with app.app_context():
        listed = db.session.query(ProductPeriod).where(ProductPeriod.period == Period.MONTH.value).count()
    assert len(products) == listed


def test_a_bundle_has_a_page_of_its_own_in_the_studio(
    app: Flask, cast: Cast, sold: None, signed_in: SignIn, queries: Counter  # noqa: F811
) -> None:  # fmt: skip
    ada = signed_in(cast.ada)
    with app.app_context():
        bundle_id = next(one.id for one in conversion_report.best(Period.MONTH))
    at = f"/studio/bundles/{bundle_id}/analytics"
    ada.get(at)
    queries.clear()
    page = ada.get(at).text
    assert len(queries) <= MOST_QUERIES
    assert "From page view to sale" in page
    assert "$30.00" in page
    assert [row[1:] for row in rows(ada.get(f"{at}/sales.csv").text)] == [
        ["12", "0", "2", "2", "30.00", "USD"]
    ]
    assert signed_in(cast.nia).get(at).status_code == 404


def test_an_empty_shop_says_so(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    assert "No data for the last 30 days" in signed_in(cast.mo).get("/admin/analytics").text

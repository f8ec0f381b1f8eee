"""Journeys of paying: a business at home and across a border, a shop in yen, a code refused and one taken."""

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from sqlalchemy import update

from domain.base import clock
from domain.documents import files
from domain.platform import settings
from models import PlatformSettings, Product, TaxMode, db
from tests.accessibility import Window, every_way, look_every_way, overflow, tried_with
from tests.bundles.making import make_bundle, make_course
from tests.cast import Cast
from tests.coupons.making import coupon
from tests.fixtures import REAL_RENDER
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in
from tests.tax.register import Register

Visitor = Callable[..., Page]
GERMAN_ID, DUTCH_ID = "DE136695976", "NL004495445B01"


@pytest.fixture(autouse=True)
def invoices_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make real invoices, which other tests leave out."""
    monkeypatch.setattr(files, "render", REAL_RENDER)


@pytest.fixture
def register(house: House) -> Iterator[Register]:
    """The EU's register of VAT ids, on this machine."""
    with Register() as running:
        house.app.config["SETTINGS"] = replace(house.app.config["SETTINGS"], vies_url=running.url)
        yield running


def shop_is(house: House, **values: object) -> None:
    """Set up the shop."""
    with house.app.app_context():
        db.session.execute(update(PlatformSettings).values(values))
        db.session.commit()
        settings.forget()


def pay(page: Page, house: House, amount: str) -> str:
    """Press *Pay*, here and at Stripe; the words of the invoice."""
    button = page.get_by_role("button", name=f"Pay {amount}", exact=True)
    button.click()
    page.wait_for_url(f"{house.stripe.url}/**")
    page.get_by_role("button", name=re.compile(f"Pay {re.escape(amount)}")).first.click()
    page.wait_for_url(f"{house.url}/checkout/success*")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Thank you")
    page.goto("/orders")
    link = page.get_by_role("link", name=re.compile("^Invoice .* as a PDF$"))
    assert overflow(page) == []
    file = page.context.request.get(link.get_attribute("href") or "")
    read = "\n".join(sheet.extract_text() for sheet in PdfReader(io.BytesIO(file.body())).pages)
    return read.replace("\N{NO-BREAK SPACE}", " ")


def put_into_the_cart(page: Page) -> None:
    """Put the course of the page into the cart, which was empty."""
    page.get_by_role("button", name="Add to cart", exact=True).click()
    expect(page.get_by_role("banner").get_by_role("link", name="Cart, 1 in it", exact=True)).to_be_visible()


def as_a_german_business(page: Page, house: House, cast: Cast, seller: str) -> None:
    """Buy in a shop of `seller` up to the review, with a VAT id that the register confirms."""
    ids = {"DE": GERMAN_ID, "NL": DUTCH_ID}
    rates = {"NL": 2100, "DE": 1900}
    shop_is(
        house, tax_mode=TaxMode.OWN, tax_rates=rates, seller_country=seller, seller_vat_id=ids[seller]
    )  # fmt: skip
    sign_in(page, cast.cy.email)
    page.goto("/courses/flask-first-steps")
    page.get_by_role("button", name="Buy now").first.click()
    expect(page.get_by_text("Say which country you live in")).to_be_visible()
    page.get_by_role("link", name="Enter billing details").click()
    page.get_by_label("Country").select_option("DE")
    page.get_by_label("Company").fill("Cy GmbH")
    page.get_by_label("Address").fill("Hauptstraße 1")
    page.get_by_label("Postal code").fill("10115")
    page.get_by_label("Town").fill("Berlin")
    page.get_by_label("VAT id").fill("de 136 695 976")
    page.get_by_role("button", name="Save and go on").click()
    for _ in range(100):
        if page.get_by_text("Confirmed", exact=True).count():
            break
        page.wait_for_timeout(100)
        page.reload()
    expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()
    assert overflow(page) == []


@tried_with("js-phone")
def test_a_german_business_in_a_dutch_shop(
    house: House, visitor: Visitor, cast: Cast, register: Register, window: Window
) -> None:
    page = visitor(**window)
    as_a_german_business(page, house, cast, "NL")
    expect(page.get_by_text("Reverse charge: you pay no VAT here")).to_be_visible()
    invoice = pay(page, house, "$15.97")  # $19.00 without the German VAT in it
    for part in ("Reverse charge", GERMAN_ID, DUTCH_ID, "Cy GmbH", "Hauptstraße 1", "$15.97"):
        assert part in invoice
    assert "$3.03" not in invoice
    assert [question["vatNumber"] for question in register.asked] == ["136695976"]


@tried_with("no-js-desk")
def test_a_german_business_in_a_german_shop(
    house: House, visitor: Visitor, cast: Cast, register: Register, window: Window
) -> None:
    page = visitor(**window)
    as_a_german_business(page, house, cast, "DE")
    expect(page.get_by_text("19% VAT in it")).to_be_visible()
    invoice = pay(page, house, "$19.00")
    for part in ("19 %", "$15.97", "$3.03", "$19.00", GERMAN_ID, "Cy GmbH"):
        assert part in invoice
    assert "Reverse charge" not in invoice


@tried_with("js-desk", "no-js-phone")
def test_yen_from_the_cart_to_the_invoice(house: House, visitor: Visitor, cast: Cast, window: Window) -> None:
    with house.app.app_context():
        db.session.execute(update(Product).values(currency="jpy", tier=None))
        db.session.commit()
    shop_is(house, currency="jpy")
    page = visitor(**window)
    page.goto("/courses/flask-first-steps")
    expect(page.get_by_text("¥1,900").first).to_be_visible()
    put_into_the_cart(page)
    sign_in(page, cast.cy.email)
    page.goto("/cart")
    expect(page.get_by_role("main")).not_to_contain_text("1,900.00")
    page.get_by_role("button", name="Check out").click()
    invoice = pay(page, house, "¥1,900")
    assert "¥1,900" in invoice
    assert "1,900.00" not in invoice
    expect(page.get_by_role("cell", name="¥1,900")).to_be_visible()


@tried_with("js-phone", "no-js-desk")
def test_a_code_is_refused_and_another_taken(
    house: House, visitor: Visitor, cast: Cast, window: Window
) -> None:
    with house.app.test_request_context(method="POST"):
        coupon("SUMMER", valid_until=clock.now() - timedelta(days=9))
        coupon("WINTER", value=50)
        db.session.commit()
    page = visitor(**window)
    sign_in(page, cast.cy.email)
    page.goto("/courses/flask-first-steps")
    put_into_the_cart(page)
    page.goto("/cart")
    code = page.get_by_label("Coupon code")
    code.fill("summer")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("“SUMMER” ended on")).to_be_visible()
    expect(code).to_have_value("summer")
    expect(code).to_have_attribute("aria-invalid", "true")
    assert overflow(page) == []
    code.fill("winter")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("“SUMMER” ended on")).to_have_count(0)
    expect(page.get_by_role("main")).to_contain_text("$9.50")
    page.get_by_role("button", name="Check out").click()
    expect(page.get_by_text("Discount “WINTER”")).to_be_visible()
    invoice = pay(page, house, "$9.50")
    assert "WINTER" in invoice
    page.goto("/cart")
    expect(page.get_by_text("WINTER")).to_have_count(0)


def test_every_page_of_buying_is_accessible(house: House, visitor: Visitor, cast: Cast) -> None:
    with house.app.test_request_context(method="POST"):
        other = make_course(cast, "Deeper routes", 2100)
        make_bundle(cast, [cast.flask_course.id, other.id], price=3000)
        coupon(None, valid_until=clock.now() + timedelta(days=9))
        db.session.commit()
    page = visitor(bypass_csp=True)
    problems = look_every_way(page, "/bundles/web-bundle")
    page.get_by_role("button", name="Add to cart").first.click()
    page.goto("/courses/deeper-routes")
    page.get_by_role("button", name="Add to cart").first.click()
    problems += look_every_way(page, "/cart?code=nothing")
    sign_in(page, cast.bo.email)
    for address in ("/bundles/web-bundle", "/cart", "/checkout/review?product=cart"):
        problems += look_every_way(page, address)
    page.get_by_role("button", name=re.compile("^Pay ")).click()
    page.wait_for_url(f"{house.stripe.url}/**")
    page.get_by_role("button", name=re.compile(r"Pay \$")).first.click()
    page.wait_for_url(f"{house.url}/checkout/success*")
    problems += every_way(page)
    page.get_by_role("link", name="See the receipt").click()
    page.wait_for_url("**/orders/*")
    assert problems + every_way(page) == []

"""Billing details: saved with what they refuse, and the check of a VAT id, which no request waits for."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

import jobs
from domain.base import clock
from domain.platform import settings
from domain.tax import billing, treatment, vat_checks
from domain.tax.treatment import TreatmentKind
from models import BillingDetails, Job, PlatformSettings, TaxMode, User, VatState, db
from tests.auth.mails import SignIn
from tests.cast import Cast
from tests.tax.register import Register

GERMAN = {
    "name": "Cy", "company": "Cy GmbH", "address": "Hauptstraße 1", "postal_code": "10115", "city": "Berlin",
    "country": "DE", "vat_id": "de 136695976",
}  # fmt: skip
DUTCH_SHOP = {
    "tax_mode": TaxMode.OWN, "tax_rates": {"NL": 2100, "DE": 1900}, "seller_country": "NL",
    "seller_vat_id": "NL004495445B01",
}  # fmt: skip


@pytest.fixture
def register(app: Flask) -> Iterator[Register]:
    with Register() as running:
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], vies_url=running.url)
        yield running


@pytest.fixture
def cy(cast: Cast, signed_in: SignIn) -> FlaskClient:
    return signed_in(cast.cy)


def shop_is(app: Flask, **values: object) -> None:
    with app.app_context():
        db.session.execute(update(PlatformSettings).values(values))
        db.session.commit()
        settings.forget()


def details(app: Flask, user: User) -> BillingDetails:
    with app.app_context():
        return db.session.get_one(BillingDetails, user.id)


def work(app: Flask) -> None:
    with app.app_context():
        jobs.run_all()


def kind_for(app: Flask, user: User) -> tuple[TreatmentKind, int, tuple[int, int]]:
    """The treatment of what the person buys, and how 121.00 splits."""
    with app.app_context():
        found = treatment.of(details(app, user), settings.current(), clock.now())
        return found.kind, found.rate_bp, found.split(12_100)


def test_a_german_business_in_a_dutch_shop_and_in_a_german_one(
    app: Flask, cast: Cast, cy: FlaskClient, register: Register
) -> None:
    shop_is(app, **DUTCH_SHOP)
    assert cy.post("/account/billing", data=GERMAN).status_code == 303
    assert register.asked == [], "not in the request"
    saved = details(app, cast.cy)
    assert (saved.vat_id, saved.vat_state, saved.company) == ("DE136695976", VatState.PENDING, "Cy GmbH")
    assert "Being checked" in cy.get("/account/billing").text
    assert kind_for(app, cast.cy) == (TreatmentKind.OWN, 1900, (10168, 1932)), "unconfirmed: German VAT"
    work(app)
    assert register.asked[0] == {
        "countryCode": "DE", "vatNumber": "136695976",
        "requesterMemberStateCode": "NL", "requesterNumber": "004495445B01",
    }  # fmt: skip
    saved = details(app, cast.cy)
    assert (saved.vat_state, saved.vat_consultation) == (VatState.CONFIRMED, "WAPIAAAAY0x1y2z3")
    assert saved.vat_checked_at is not None
    assert "Confirmed" in cy.get("/account/billing").text
    assert kind_for(app, cast.cy) == (TreatmentKind.REVERSE_CHARGE, 0, (10168, 0))
    shop_is(app, **{**DUTCH_SHOP, "seller_country": "DE", "seller_vat_id": "DE136695976"})
    assert kind_for(app, cast.cy) == (TreatmentKind.OWN, 1900, (10168, 1932))
    with app.app_context():
        copy = billing.snapshot(db.session.get_one(User, cast.cy.id), saved)
    assert copy["address"] == "Hauptstraße 1"
    assert (copy["vat_state"], copy["vat_id"], copy["country"]) == ("confirmed", "DE136695976", "DE")


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"vat_id": "DE136695977"}, "vat_id", "isn’t a VAT id of Germany"),
        ({"vat_id": "NL004495445B01"}, "vat_id", "of Netherlands, not of Germany"),
        ({"country": ""}, "country", "Choose the country first"),
        ({"country": "QQ"}, "country", "Choose one of these"),
        ({"country": "US", "vat_id": "x" * 25}, "vat_id", "at most 20"),
        ({"country": "US", "vat_id": "<b>"}, "vat_id", "letters and digits"),
        ({"vat_id": "v" * 10_000}, "vat_id", "at most 30"),
        ({"company": "c" * 121}, "company", "at most 120"),
        ({"address": "a" * 301}, "address", "at most 300"),
    ],
)
def test_wrong_details_are_refused_with_what_was_typed(
    app: Flask, cast: Cast, cy: FlaskClient, changed: dict[str, str], field: str, sentence: str
) -> None:
    answer = cy.post("/account/billing", data={**GERMAN, **changed})
    assert answer.status_code == 422
    assert sentence in answer.text.split(f'id="{field}-error"')[1].split("</p>")[0]
    assert "10115" in answer.text
    with app.app_context():
        assert db.session.get(BillingDetails, cast.cy.id) is None


def test_what_the_register_does_not_know_is_taxed(
    app: Flask, cast: Cast, cy: FlaskClient, register: Register
) -> None:
    shop_is(app, **DUTCH_SHOP)
    register.valid.clear()
    cy.post("/account/billing", data=GERMAN)
    work(app)
    assert details(app, cast.cy).vat_state == VatState.UNCONFIRMED
    assert kind_for(app, cast.cy)[0] == TreatmentKind.OWN
    register.broken = "INVALID_INPUT"
    cy.post("/account/billing", data=GERMAN)
    assert details(app, cast.cy).vat_state == VatState.PENDING, "saving again asks again"
    work(app)
    assert details(app, cast.cy).vat_state == VatState.UNCONFIRMED
    register.broken = "INVALID_REQUESTER_INFO"
    register.valid.add("DE136695976")
    cy.post("/account/billing", data=GERMAN)
    work(app)
    assert (details(app, cast.cy).vat_state, details(app, cast.cy).vat_consultation) == ("confirmed", "")


@pytest.mark.parametrize("broken", ["MS_UNAVAILABLE", "html", "list"])
def test_a_register_that_is_out_of_order_says_nothing(
    app: Flask, cast: Cast, cy: FlaskClient, register: Register, broken: str
) -> None:
    shop_is(app, **DUTCH_SHOP)
    register.broken = broken
    register.raw = {"html": b"<h1>Service unavailable</h1>", "list": b"[1]"}.get(broken)
    cy.post("/account/billing", data=GERMAN)
    work(app)
    assert details(app, cast.cy).vat_state == VatState.UNAVAILABLE
    assert "Not checked yet" in cy.get("/account/billing").text
    register.broken, register.raw = "", None
    with app.app_context():
        db.session.execute(update(Job).values(run_after=clock.now()))
        db.session.commit()
    work(app)
    assert details(app, cast.cy).vat_state == VatState.CONFIRMED


def test_an_answer_about_an_id_that_has_changed_is_not_taken(
    app: Flask, cast: Cast, cy: FlaskClient, register: Register
) -> None:
    cy.post("/account/billing", data=GERMAN)
    with app.app_context():
        question = vat_checks.begin(str(cast.cy.id))
        assert question is not None
        answer = vat_checks.work(question)
        db.session.execute(update(BillingDetails).values(vat_id="DE999999999"))
        vat_checks.end(question, answer)
        assert db.session.get_one(BillingDetails, cast.cy.id).vat_state == VatState.PENDING
        db.session.rollback()
    cy.post("/account/billing", data={**GERMAN, "vat_id": ""})
    work(app)
    assert details(app, cast.cy).vat_state == VatState.NONE
    assert register.asked[1:] == []


def test_old_answers_are_asked_for_again_and_count_until_then(
    app: Flask, cast: Cast, cy: FlaskClient, register: Register
) -> None:
    cy.post("/account/billing", data=GERMAN)
    work(app)
    cy.post("/account/billing", data={**GERMAN, "city": "Bonn"})
    work(app)
    assert len(register.asked) == 1, "a confirmed id isn't asked about for another town"
    with app.app_context():
        db.session.execute(update(BillingDetails).values(vat_checked_at=clock.now() - timedelta(days=91)))
        vat_checks.ask_again()
        db.session.commit()
    register.broken = "MS_UNAVAILABLE"
    work(app)
    assert details(app, cast.cy).vat_state == VatState.CONFIRMED
    register.broken = ""
    register.valid.clear()
    with app.app_context():
        db.session.execute(update(Job).values(run_after=clock.now()))
        db.session.commit()
    work(app)
    assert details(app, cast.cy).vat_state == VatState.UNCONFIRMED


def test_ids_of_other_countries_are_printed_and_not_checked(
    app: Flask, cast: Cast, cy: FlaskClient, register: Register
) -> None:
    swiss = {**GERMAN, "country": "CH", "vat_id": "CHE-116.281.710 MWST"}
    assert cy.post("/account/billing", data=swiss).status_code == 303
    work(app)
    saved = details(app, cast.cy)
    assert (saved.vat_id, saved.vat_state) == ("CHE116281710MWST", VatState.UNCONFIRMED)
    assert register.asked == []


def test_it_leads_back_to_where_it_was_opened(app: Flask, cast: Cast, cy: FlaskClient) -> None:
    page = cy.get("/account/billing?next=/orders").text
    assert 'action="/account/billing?next=/orders"' in page.replace("%2F", "/")
    private = {**GERMAN, "company": "", "vat_id": ""}
    assert cy.post("/account/billing?next=/orders", data=private).location == "/orders"
    assert cy.post("/account/billing?next=//evil.example", data=private).location == "/"
    assert cy.post("/account/billing", data=private).location == "/account/billing"


def test_a_country_is_asked_for_where_tax_depends_on_it(app: Flask, cast: Cast, cy: FlaskClient) -> None:
    with app.app_context():
        assert billing.missing(None, settings.current()) is None
    shop_is(app, **DUTCH_SHOP)
    with app.app_context():
        assert billing.missing(None, settings.current())
    cy.post("/account/billing", data={**GERMAN, "vat_id": ""})
    with app.app_context():
        assert billing.missing(details(app, cast.cy), settings.current()) is None


def test_nobody_sees_the_details_of_others(
    app: Flask, cast: Cast, cy: FlaskClient, signed_in: SignIn
) -> None:
    cy.post("/account/billing", data={**GERMAN, "vat_id": ""})
    assert "Cy GmbH" not in signed_in(cast.bo).get("/account/billing").text
    assert app.test_client().get("/account/billing").status_code in (302, 303)


def test_prices_say_what_tax_they_include(
    app: Flask, cast: Cast, cy: FlaskClient, register: Register
) -> None:
    page = "/courses/flask-first-steps"
    assert "VAT" not in app.test_client().get(page).text
    shop_is(app, **DUTCH_SHOP)
    assert "includes 21% VAT" in app.test_client().get(page).text
    assert "includes 21% VAT" in cy.get(page).text
    cy.post("/account/billing", data=GERMAN)
    assert "includes 19% VAT" in cy.get(page).text
    work(app)
    assert "VAT is taken off at checkout" in cy.get(page).text
    shop_is(app, prices_include_tax=False)
    assert "plus 21% VAT" in app.test_client().get(page).text
    shop_is(app, tax_mode=TaxMode.STRIPE)
    assert "plus tax" in app.test_client().get(page).text
    assert "VAT" not in app.test_client().get("/courses/reading-code").text, "free"

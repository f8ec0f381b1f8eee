"""The settings of selling: seller, tax, currency and consents, each with what it refuses."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, update

from domain import Refused
from domain.catalog import currency
from domain.platform import settings
from models import AuditEntry, PlatformSettings, Product, TaxMode, db
from tests.auth.mails import SignIn
from tests.cast import Cast
from tests.catalog.test_currency import forget_orders

SELLER = {
    "seller_name": "Lectern GmbH",
    "seller_address": "Hauptstraße 1\n10115 Berlin",
    "seller_country": "DE",
    "seller_vat_id": "de 136 695 976",
    "statement_descriptor": "LECTERN COURSES",
}
TAX = {
    "tax_mode": "own",
    "prices_include_tax": "y",
    "tax_rates": "Germany 19\nNL 21%\nSwitzerland: 8,1",
    "tax_sentence": "No VAT.",
}


def set_up(app: Flask, **values: Any) -> None:
    with app.app_context():
        db.session.execute(update(PlatformSettings).values(values))
        db.session.commit()
        settings.forget()


def test_an_admin_sets_seller_and_tax(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    mo = signed_in(cast.mo)
    assert mo.post("/admin/settings/seller", data=SELLER).status_code == 303
    assert mo.post("/admin/settings/tax", data=TAX).status_code == 303
    with app.app_context():
        shop = settings.current()
        assert (shop.tax_mode, shop.prices_include_tax, shop.tax_seller_rate) == (TaxMode.OWN, True, False)
        assert shop.tax_rates == {"DE": 1900, "NL": 2100, "CH": 810}
        assert (shop.seller_country, shop.seller_vat_id) == ("DE", "DE136695976")
        notes = list(db.session.scalars(db.select(AuditEntry.note)))
    assert "seller_vat_id:  → DE136695976" in notes
    page = mo.get("/admin/settings/tax").text
    assert "Germany 19\nNetherlands 21\nSwitzerland 8.1</textarea>" in page
    assert "Without a VAT id" not in page
    assert 'value="LECTERN COURSES"' in mo.get("/admin/settings/seller").text


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"seller_vat_id": "DE136695977"}, "seller_vat_id", "isn’t a VAT id of Germany"),
        ({"seller_vat_id": "NL004495445B01"}, "seller_vat_id", "of Netherlands, not of Germany"),
        ({"seller_country": ""}, "seller_vat_id", "Choose the country first"),
        ({"seller_country": "XX"}, "seller_country", "Choose one of these"),
        ({"statement_descriptor": "1234567"}, "statement_descriptor", "at least one of them a letter"),
        ({"statement_descriptor": "ABC"}, "statement_descriptor", "5 to 22 plain letters"),
        ({"statement_descriptor": "Läden & Kurse"}, "statement_descriptor", "5 to 22 plain letters"),
        ({"statement_descriptor": "A*STAR*SHOP"}, "statement_descriptor", "5 to 22 plain letters"),
        ({"seller_name": "n" * 121}, "seller_name", "at most 120"),
    ],
)
def test_wrong_particulars_are_refused(
    app: Flask, cast: Cast, signed_in: SignIn, changed: dict[str, str], field: str, sentence: str
) -> None:
    answer = signed_in(cast.mo).post("/admin/settings/seller", data={**SELLER, **changed})
    assert answer.status_code == 422
    assert sentence in answer.text.split(f'id="{field}-error"')[1].split("</p>")[0]
    assert "LECTERN COURSES" in answer.text or "statement_descriptor" in changed


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"tax_rates": "Germany"}, "isn’t a country and a percentage"),
        ({"tax_rates": "Atlantis 19"}, "isn’t a country and a percentage"),
        ({"tax_rates": "Germany 190"}, "isn’t a country and a percentage"),
        ({"tax_rates": "Germany -1"}, "isn’t a country and a percentage"),
        ({"tax_rates": "DE 19\nGermany 7"}, "Germany has two rates"),
        ({"tax_rates": "Netherlands 21"}, "Enter the rate of Germany"),
        ({"tax_mode": "all"}, "Choose one of these"),
        ({"tax_sentence": "s" * 501}, "at most 500"),
    ],
)
def test_wrong_tax_is_refused(
    app: Flask, cast: Cast, signed_in: SignIn, changed: dict[str, str], sentence: str
) -> None:
    set_up(app, seller_country="DE")
    answer = signed_in(cast.mo).post("/admin/settings/tax", data={**TAX, **changed})
    assert answer.status_code == 422
    assert sentence in answer.text
    with app.app_context():
        assert settings.current().tax_mode == TaxMode.NONE


def test_tax_needs_the_seller_to_be_somewhere(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    mo = signed_in(cast.mo)
    answer = mo.post("/admin/settings/tax", data=TAX)
    assert answer.status_code == 422
    assert "Say in which country the shop is" in answer.text
    set_up(app, seller_country="DE", tax_mode=TaxMode.OWN, tax_rates={"DE": 1900})
    for country, sentence in (("", "Turn tax off before"), ("FR", "France has no rate yet")):
        answer = mo.post("/admin/settings/seller", data={"seller_country": country})
        assert answer.status_code == 422
        assert sentence in answer.text
    with app.app_context(), pytest.raises(Exception, match="(?i)check"):
        db.session.execute(update(PlatformSettings).values(seller_country=""))


def test_a_new_text_of_a_consent_is_a_new_version(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    mo, where = signed_in(cast.mo), "/admin/settings/checkout"
    words = {"ask_terms": "y", "terms_text": "I agree to the terms at https://example.com/terms."}
    assert mo.post(where, data=words).status_code == 303
    with app.app_context():
        shop = settings.current()
        assert (shop.ask_terms, shop.terms_version, shop.ask_delivery) == (True, 2, False)
        assert shop.delivery_version == 1, "an empty one is the usual sentence"
    assert mo.post(where, data={**words, "ask_delivery": "y"}).status_code == 303
    with app.app_context():
        assert (settings.current().terms_version, settings.current().ask_delivery) == (2, True)


def test_the_currency_is_changed_on_its_page_until_the_first_order(
    app: Flask, cast: Cast, signed_in: SignIn
) -> None:
    mo, where = signed_in(cast.mo), "/admin/settings/currency"
    page = mo.get(where).text
    assert "This can’t change any more, because there are orders." in page
    assert 'name="currency"' not in page
    assert mo.post(where, data={"currency": "EUR"}).status_code == 422
    with app.app_context():
        forget_orders()
        db.session.commit()
    assert 'selected value="USD"' in mo.get(where).text
    for code, sentence in (
        ("JPY", "other minor units"), ("HUF", "payments start at HUF"), ("XXX", "Choose one of these"),
    ):  # fmt: skip
        answer = mo.post(where, data={"currency": code})
        assert answer.status_code == 422
        assert sentence in answer.text.split('id="currency-error"')[1].split("</p>")[0]
    assert mo.post(where, data={"currency": "EUR"}).status_code == 303
    with app.app_context():
        assert settings.current().currency == "eur"
        assert set(db.session.scalars(db.select(Product.currency))) == {"eur"}
        assert "currency: usd → eur" in list(db.session.scalars(db.select(AuditEntry.note)))


def test_an_order_holds_the_currency_of_its_prices(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        currency.hold("usd")
        with pytest.raises(Refused, match="prices have just changed"):
            currency.hold("eur")
        db.session.execute(delete(PlatformSettings))
        currency.hold("usd")


@pytest.mark.parametrize("page", ["seller", "tax", "currency", "checkout"])
def test_only_admins_set_them(cast: Cast, signed_in: SignIn, page: str) -> None:
    assert signed_in(cast.ada).get(f"/admin/settings/{page}").status_code == 404
    assert signed_in(cast.ada).post(f"/admin/settings/{page}", data=SELLER).status_code == 404

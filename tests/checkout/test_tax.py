"""Buying with tax, from the review page to the order and its invoice."""

import uuid
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from domain.base import clock
from domain.commerce import payment_agreement
from domain.platform import settings
from models import BillingDetails, Document, Order, PlatformSettings, Product, TaxMode, VatState
from payments import Session
from tests.cast import Cast
from tests.checkout.shop import Shop

GERMAN_ID, DUTCH_ID = "DE136695976", "NL004495445B01"
REVIEW = "/checkout/review?product={}"


def sells_from(shop: Shop, country: str, **more: Any) -> None:
    ids = {"DE": GERMAN_ID, "NL": DUTCH_ID}
    values = {
        "tax_mode": TaxMode.OWN, "tax_rates": {"NL": 2100, "DE": 1900}, "seller_country": country,
        "seller_vat_id": ids[country], **more,
    }  # fmt: skip
    with shop.database() as db:
        db.execute(update(PlatformSettings).values(values))
        db.flush()
        settings.forget()


def is_business(shop: Shop, cast: Cast, state: VatState = VatState.CONFIRMED) -> None:
    with shop.database() as db:
        db.add(
            BillingDetails(
                user_id=cast.cy.id, company="Cy GmbH", address="Hauptstraße 1", city="Berlin", country="DE",
                vat_id=GERMAN_ID, vat_state=state,
            )
        )  # fmt: skip


def pay(shop: Shop, cast: Cast, cy: FlaskClient) -> Order:
    """Press the button of the review page and pay; the order."""
    page = cy.get(REVIEW.format(cast.flask_course.id)).text
    total = page.split('name="seen_total" value="')[1].split('"')[0]
    answer = cy.post("/checkout/review", data={"product": str(cast.flask_course.id), "seen_total": total})
    assert answer.status_code == 303, answer.text
    session = shop.session_in(answer)
    shop.stripe.pay(session)
    shop.hear()
    return shop.order(session)


def invoice(shop: Shop, order: Order) -> dict[str, Any]:
    with shop.database() as db:
        found: Document = db.scalars(select(Document).where(Document.order_id == order.id)).one()
        return {**found.snapshot, "net": found.net_cents, "tax": found.tax_cents}


@pytest.mark.parametrize(
    ("seller", "includes", "net", "tax", "rate"),
    [
        ("NL", True, 1597, 0, 0),  # 19.00 hold 3.03 of German VAT, which isn't charged
        ("NL", False, 1900, 0, 0),
        ("DE", True, 1597, 303, 1900),
        ("DE", False, 1900, 361, 1900),
    ],
)
def test_a_german_business_pays_vat_in_germany_alone(
    shop: Shop, cast: Cast, seller: str, includes: bool, net: int, tax: int, rate: int
) -> None:
    sells_from(shop, seller, prices_include_tax=includes)
    is_business(shop, cast)
    order = pay(shop, cast, shop.signed_in(cast.cy))
    (line,) = order.purchases
    assert (line.amount_cents, line.tax_cents, line.tax_rate_bp) == (net, tax, rate)
    assert order.total_cents == net + tax
    assert sum(share.amount_cents for share in line.shares) == net
    assert order.details is not None
    assert order.details["tax_kind"] == ("reverse_charge" if rate == 0 else "own")
    said = invoice(shop, order)
    assert (said["net"], said["tax"], said["seller"]["country"]) == (net, tax, seller)
    assert (said["buyer"]["company"], said["buyer"]["vat_id"]) == ("Cy GmbH", GERMAN_ID)
    assert said["note"] == ("Reverse charge" if rate == 0 else "")
    assert shop.wrong_books() == []


@pytest.mark.parametrize("state", [VatState.PENDING, VatState.UNCONFIRMED, VatState.UNAVAILABLE])
def test_what_is_not_confirmed_is_taxed(shop: Shop, cast: Cast, state: VatState) -> None:
    sells_from(shop, "NL")
    is_business(shop, cast, state)
    order = pay(shop, cast, shop.signed_in(cast.cy))
    assert (order.tax_cents, order.total_cents) == (303, 1900)


def test_a_consumer_says_their_country_first(shop: Shop, cast: Cast) -> None:
    sells_from(shop, "DE")
    cy, where = shop.signed_in(cast.cy), REVIEW.format(cast.flask_course.id)
    assert shop.click(cy, cast.flask_course).location == where
    page = cy.get(where).text
    assert "Say which country you live in" in page
    assert "seen_total" not in page
    assert "/account/billing?next=/checkout/review" in page.replace("%2F", "/")
    sent = {"product": str(cast.flask_course.id), "seen_total": "1900"}
    refused = cy.post("/checkout/review", data=sent)
    assert refused.status_code == 422
    back = cy.post(f"/account/billing?next={where}", data={"name": "Cy", "country": "NL"})
    assert back.location == where
    assert "21% VAT in it" in cy.get(where).text
    order = pay(shop, cast, cy)
    assert order.billing is not None
    assert (order.tax_cents, order.billing["country"]) == (330, "NL")
    assert order.details is not None
    assert (order.details["tax_place"], order.details["tax_country"]) == ("NL", "NL")
    assert "countries_disagree" in order.details


def test_details_that_change_no_amount_reach_an_open_order(shop: Shop, cast: Cast) -> None:
    sells_from(shop, "DE")
    cy = shop.signed_in(cast.cy)
    cy.post("/account/billing", data={"name": "Cy", "country": "DE"})
    sent = {"product": str(cast.flask_course.id), "seen_total": "1900"}
    first = shop.session_in(cy.post("/checkout/review", data=sent))
    cy.post("/account/billing", data={"name": "Cy", "country": "DE", "company": "Cy GmbH"})
    assert shop.session_in(cy.post("/checkout/review", data=sent)) == first
    shop.stripe.pay(first)
    shop.hear()
    order = shop.order(first)
    assert order.billing is not None
    assert order.billing["company"] == "Cy GmbH"


def test_an_order_is_not_opened_in_a_currency_that_was_changed(shop: Shop, cast: Cast) -> None:
    with shop.database() as db:
        db.execute(update(PlatformSettings).values(currency="eur"))
        assert set(db.scalars(select(Product.currency))) == {"usd"}
    cy = shop.signed_in(cast.cy)
    answer = shop.click(cy, cast.flask_course)
    assert "prices have just changed" in answer.text
    assert shop.creates() == []


def test_without_tax_the_sentence_of_the_shop_is_printed(shop: Shop, cast: Cast) -> None:
    with shop.database() as db:
        db.execute(update(PlatformSettings).values(tax_sentence="No VAT under § 19 UStG."))
        db.flush()
        settings.forget()
    session = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    shop.hear()
    order = shop.order(session)
    assert (order.tax_cents, invoice(shop, order)["note"]) == (0, "No VAT under § 19 UStG.")


@pytest.mark.parametrize("includes", [True, False])
def test_stripe_computes_the_tax_and_says_who_paid(shop: Shop, cast: Cast, includes: bool) -> None:
    sells_from(shop, "DE", tax_mode=TaxMode.STRIPE, prices_include_tax=includes)
    session = shop.buy(shop.signed_in(cast.cy), cast.flask_course)
    shop.hear()
    order = shop.order(session)
    (line,) = order.purchases
    assert order.total_cents == (1900 if includes else 1900 + order.tax_cents)
    assert line.amount_cents + line.tax_cents == order.total_cents
    assert order.details is not None
    assert order.billing is not None
    assert order.details["tax_kind"] == "stripe"
    assert order.billing["country"] == order.details["tax_place"] == order.details["billing_country"]
    assert shop.wrong_books() == []


def test_a_shop_that_turns_tax_on_asks_stripe_anew(shop: Shop, cast: Cast) -> None:
    """The prices are the same, but the page that is open doesn't compute any tax."""
    cy = shop.signed_in(cast.cy)
    first = shop.session_in(shop.click(cy, cast.flask_course))
    sells_from(shop, "DE", tax_mode=TaxMode.STRIPE, prices_include_tax=False)
    second = shop.session_in(shop.click(cy, cast.flask_course))
    assert shop.stripe.get("checkout.session", first)["status"] == "expired"
    assert shop.stripe.get("checkout.session", second)["automatic_tax"]["enabled"] is True


@pytest.mark.parametrize(("includes", "paid"), [(True, 1710), (False, 1900)])
def test_a_discount_at_stripe_is_no_agreement(app: Flask, includes: bool, paid: int) -> None:
    """The sum of the lines says nothing of it, and with tax on top the total may even look right."""
    order_id = uuid.uuid4()
    order = Order(
        id=order_id, currency="usd", total_cents=1900, prices_include_tax=includes, purchases=[],
        details={"tax_kind": "stripe"},
    )  # fmt: skip
    session = Session(
        id="cs_1", url=None, status="complete", payment_status="paid",
        amount_total=1900 if includes else 2090, currency="usd", livemode=False,
        expires_at=clock.now(), payment_intent="pi_1", payment_intent_status="succeeded",
        metadata={"order_id": str(order_id)},
        client_reference_id=str(order_id), amount_subtotal=1900, amount_tax=190,
    )  # fmt: skip
    with app.app_context():
        assert payment_agreement.disagreement(order, session) is None
        less = replace(session, amount_total=paid)
        assert "Paid" in (payment_agreement.disagreement(order, less) or "")


def test_countries_that_disagree_are_shown_to_admins(shop: Shop, cast: Cast) -> None:
    sells_from(shop, "DE")
    cy = shop.signed_in(cast.cy)
    cy.post("/account/billing", data={"name": "Cy", "country": "NL"})
    order = pay(shop, cast, cy)
    with shop.database() as db:
        found = db.get_one(Order, order.id)
        assert found.details is not None
        found.details = {**found.details, "card_country": "FR", "countries_disagree": True}
    page = shop.signed_in(cast.mo).get(f"/admin/orders/{order.number}").text
    assert "The countries of this order disagree" in page
    assert "France" in page


@pytest.mark.parametrize(
    ("currency", "price", "includes", "net", "tax"),
    [
        ("jpy", 2505, True, 2277, 228),  # 227.73
        ("jpy", 2505, False, 2505, 251),  # 250.5
        ("kwd", 25_050, True, 22_773, 2277),  # 2277.27
        ("kwd", 25_050, False, 25_050, 2510),  # 2505, charged in tens
    ],
)
def test_tax_in_currencies_of_other_decimals(
    shop: Shop, cast: Cast, currency: str, price: int, includes: bool, net: int, tax: int
) -> None:
    rates = {"tax_rates": {"DE": 1000}, "currency": currency, "prices_include_tax": includes}
    sells_from(shop, "DE", **rates)
    with shop.database() as db:
        db.execute(update(Product).values(currency=currency, price_cents=price, tier=None))
    cy = shop.signed_in(cast.cy)
    cy.post("/account/billing", data={"name": "Cy", "country": "DE"})
    order = pay(shop, cast, cy)
    (line,) = order.purchases
    assert (line.amount_cents, line.tax_cents, order.total_cents) == (net, tax, net + tax)
    assert shop.stripe.get("checkout.session", order.stripe_session_id)["amount_total"] == net + tax

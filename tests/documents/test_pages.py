"""Documents on the pages of an order, in the receipt, and their correction."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from domain.base import clock
from domain.documents import corrections, invoices, snapshots
from domain.ledger import document_checks
from models import AuditEntry, Document, DocumentKind, Order, User, db
from tests.cast import Cast
from tests.checkout.conftest import shop  # noqa: F401
from tests.checkout.shop import Shop
from tests.documents.orders import Item, paid, refunded

SignIn = Callable[[User], FlaskClient]
FORM = {"name": "Cy Doe", "company": "Doe <GmbH>", "address": "Weg 1", "city": "Köln", "postal_code": "50667"}


@pytest.fixture
def taxed(app: Flask, cast: Cast) -> str:
    """The number of an order of Cy's with two rates, a coupon and a card, and its invoice."""
    with app.app_context():
        order = paid(
            cast, Item(1397, 265, 1900, discount=238), Item(934, 66, 700), includes=True,
            coupon_code="SPRING",
            payment_method="visa", payment_last4="4242", details={"tax_sentence": "As the law wants it."},
            billing={"name": "Cy Doe", "country": "DE", "company": "Old <Ltd>"},
        )  # fmt: skip
        invoices.issue(order)
        number = order.number
        db.session.commit()
    return number


def documents_of(app: Flask, number: str) -> list[Document]:
    with app.app_context():
        query = select(Document).join(Order).where(Order.number == number)
        rows = list(db.session.scalars(query.order_by(Document.created_at)))
        db.session.expunge_all()
        return rows


def test_an_order_shows_sums_payment_and_documents(
    app: Flask, cast: Cast, signed_in: SignIn, taxed: str
) -> None:
    (invoice,) = documents_of(app, taxed)
    page = signed_in(cast.cy).get(f"/orders/{taxed}").text
    for part in (
        "SPRING", "−€2.38", "€29.00", "€26.62", "Includes 19\N{NO-BREAK SPACE}% tax", "€2.65",
        "Includes 7\N{NO-BREAK SPACE}% tax", "Visa ending in 4242", "Old &lt;Ltd&gt;", "Germany",
        "As the law wants it.", f"/orders/{taxed}/documents/{invoice.number}.pdf", "Correct the invoice",
    ):  # fmt: skip
        assert part in page, part
    assert f"/documents/{invoice.number}.pdf" in signed_in(cast.cy).get("/orders").text
    admins = signed_in(cast.mo).get(f"/admin/orders/{taxed}").text
    for part in ("SPRING", "Visa ending in 4242", "€26.62", f"/documents/{invoice.number}.pdf"):
        assert part in admins, part


def test_the_receipt_leads_to_the_invoice(shop: Shop, cast: Cast) -> None:  # noqa: F811
    cy = shop.signed_in(cast.cy)
    shop.buy(cy, cast.flask_course)
    shop.hear("checkout.session.completed")
    (receipt,) = shop.mails("receipt", cast.cy)
    path = "/" + receipt.data["invoice_url"].split("/", 3)[3]
    assert receipt.data["invoice"] in path
    assert cy.get(path).status_code == 200


def test_a_buyer_corrects_their_particulars(app: Flask, cast: Cast, signed_in: SignIn, taxed: str) -> None:
    cy = signed_in(cast.cy)
    page = cy.get(f"/orders/{taxed}/particulars").text
    assert 'value="Old &lt;Ltd&gt;"' in page
    assert 'name="country"' not in page
    assert cy.post(f"/orders/{taxed}/particulars", data=FORM).status_code == 303
    first, note, second = documents_of(app, taxed)
    assert (note.kind, note.counters_id) == (DocumentKind.CREDIT_NOTE, first.id)
    buyer = snapshots.of(second).buyer
    assert (buyer.company, buyer.city, buyer.country) == ("Doe <GmbH>", "Köln", "DE")
    assert second.total_cents == first.total_cents
    with app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "correct_invoice")).one()
        assert second.number in entry.note
        assert document_checks.orders_are_invoiced() == []
    assert cy.post(f"/orders/{taxed}/particulars", data=FORM).status_code == 303
    assert len(documents_of(app, taxed)) == 3


@pytest.mark.parametrize(
    ("data", "said"),
    [({**FORM, "name": "", "company": ""}, "needs a name"), ({**FORM, "city": "x" * 101}, "100")],
)
def test_wrong_particulars_come_back(
    app: Flask, cast: Cast, signed_in: SignIn, taxed: str, data: dict[str, str], said: str
) -> None:
    answer = signed_in(cast.cy).post(f"/orders/{taxed}/particulars", data=data)
    assert answer.status_code == 422
    assert said in answer.text
    assert 'value="50667"' in answer.text
    assert len(documents_of(app, taxed)) == 1


def test_what_the_tax_depended_on_stays(app: Flask, cast: Cast, signed_in: SignIn) -> None:
    with app.app_context():
        order = paid(cast, Item(1900), billing={"name": "Cy", "country": "NL", "vat_id": "NL123456789B01"})
        invoices.issue(order)
        number = order.number
        db.session.commit()
    data = {**FORM, "vat_id": "NL000000000B00", "country": "US"}
    assert signed_in(cast.cy).post(f"/orders/{number}/particulars", data=data).status_code == 303
    buyer = snapshots.of(documents_of(app, number)[-1]).buyer
    assert (buyer.vat_id, buyer.country, buyer.city) == ("NL123456789B01", "NL", "Köln")


def test_a_refunded_order_is_not_corrected(app: Flask, cast: Cast, signed_in: SignIn, taxed: str) -> None:
    with app.app_context():
        query = select(Order).where(Order.number == taxed).options(db.selectinload(Order.purchases))
        invoices.credit(refunded(db.session.scalars(query).one(), 100))
        db.session.commit()
    answer = signed_in(cast.cy).post(f"/orders/{taxed}/particulars", data=FORM)
    assert "refunded" in answer.text
    assert len(documents_of(app, taxed)) == 2


def test_a_buyer_corrects_within_reason_and_admins_later(
    app: Flask, cast: Cast, taxed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    later = clock.now() + timedelta(days=corrections.DAYS + 1)
    monkeypatch.setattr("domain.documents.corrections.clock.now", lambda: later)
    documents = documents_of(app, taxed)
    assert "90 days" in str(corrections.refusal(cast.cy, documents))
    assert corrections.refusal(cast.mo, documents) is None


def test_too_many_corrections_are_refused(app: Flask, cast: Cast, signed_in: SignIn, taxed: str) -> None:
    cy = signed_in(cast.cy)
    for number in range(corrections.MOST + 1):
        cy.post(f"/orders/{taxed}/particulars", data={**FORM, "city": f"Town {number}"})
    assert "several times" in cy.get(f"/orders/{taxed}/particulars").text
    assert len(documents_of(app, taxed)) == 1 + 2 * corrections.MOST

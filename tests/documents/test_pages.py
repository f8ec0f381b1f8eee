"""Documents on the pages of an order, in the receipt, and their correction."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update
from sqlalchemy.engine import Engine

import mail
from domain.base import clock
from domain.documents import corrections, invoices, snapshots
from domain.ledger import document_checks
from domain.platform import settings
from models import AuditEntry, Document, DocumentKind, Order, PlatformSettings, User, db
from tables import base
from tests.cast import Cast
from tests.checkout.conftest import shop  # noqa: F401
from tests.checkout.shop import Shop, at_once
from tests.documents.orders import Item, paid, refunded
from tests.pages import forms_of

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


@pytest.fixture
def without_lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No row lock on PostgreSQL; on SQLite no transaction, as its driver has it when left alone."""
    monkeypatch.setattr(corrections, "lock", lambda _order: None)
    event.remove(Engine, "begin", base._begin_sqlite)
    yield
    event.listen(Engine, "begin", base._begin_sqlite)


def corrected_at_once(
    cast: Cast, signed_in: SignIn, number: str, monkeypatch: pytest.MonkeyPatch, patience: float
) -> list[int]:
    """Send one page from two tabs with two towns: both read the invoice before either writes, if they can."""
    path, met, real = f"/orders/{number}/particulars", threading.Barrier(2), corrections.particulars
    tabs = [signed_in(cast.cy) for _ in range(2)]
    form = next(one for one in forms_of(tabs[0].get(path).text) if one.action == path)
    looked: set[int] = set()

    def look_and_wait(invoice: Document) -> dict[str, str]:
        if threading.get_ident() not in looked:  # filling the form, not correcting
            looked.add(threading.get_ident())
            with suppress(threading.BrokenBarrierError):
                met.wait(patience)
        return real(invoice)

    monkeypatch.setattr(corrections, "particulars", look_and_wait)
    posts = [
        partial(tab.post, path, data=form.values | {"city": f"Town {place}"})
        for place, tab in enumerate(tabs)
    ]
    return sorted(answer.status_code for answer in at_once(*posts))


def test_of_two_who_correct_at_once_one_is_asked(
    app: Flask, cast: Cast, signed_in: SignIn, taxed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert corrected_at_once(cast, signed_in, taxed, monkeypatch, 1.5) == [303, 409]
    assert len(documents_of(app, taxed)) == 3


def test_without_the_lock_the_second_writes_over_the_first(
    app: Flask, cast: Cast, signed_in: SignIn, taxed: str, monkeypatch: pytest.MonkeyPatch, without_lock: None
) -> None:
    assert 409 not in corrected_at_once(cast, signed_in, taxed, monkeypatch, 10)


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
    with app.app_context():
        assert "90 days" in str(corrections.refusal(cast.cy, documents))
        assert corrections.refusal(cast.mo, documents) is None


def move_to_auckland() -> None:
    """Let the shop's day begin 12 or 13 hours earlier."""
    db.session.execute(update(PlatformSettings).values(timezone="Pacific/Auckland"))
    settings.forget()


def test_the_receipt_says_the_day_of_the_invoice(app: Flask, cast: Cast) -> None:
    with time_machine.travel(datetime(2027, 3, 1, 12, 30, tzinfo=UTC), tick=False), app.app_context():
        move_to_auckland()
        order = paid(cast, Item(1900))
        invoice = invoices.issue(order)
        person = db.session.get_one(User, cast.cy.id)
        told = mail.receipt(person, order, [("Start learning", "/learn/x")], invoice=invoice.number)
        assert (invoice.issued_on, told.data["paid_on"]) == (date(2027, 3, 2), "2 March 2027")


def test_the_days_of_a_correction_are_the_shops(app: Flask, cast: Cast) -> None:
    """In Auckland it is the next day already: the last day to correct is over, though not in UTC."""
    with time_machine.travel(datetime(2027, 3, 1, 9, tzinfo=UTC), tick=False) as time, app.app_context():
        move_to_auckland()
        invoice = invoices.issue(paid(cast, Item(1900)))
        assert invoice.issued_on == date(2027, 3, 1)
        time.shift(timedelta(days=corrections.DAYS))
        assert corrections.refusal(cast.cy, [invoice]) is None
        time.shift(timedelta(hours=6))
        assert corrections.refusal(cast.cy, [invoice]) is not None


def test_too_many_corrections_are_refused(app: Flask, cast: Cast, signed_in: SignIn, taxed: str) -> None:
    cy = signed_in(cast.cy)
    for number in range(corrections.MOST + 1):
        cy.post(f"/orders/{taxed}/particulars", data={**FORM, "city": f"Town {number}"})
    assert "several times" in cy.get(f"/orders/{taxed}/particulars").text
    assert len(documents_of(app, taxed)) == 1 + 2 * corrections.MOST

"""Invoices and credit notes: what they say, once each, and that nothing ever changes them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.exc import DBAPIError
from time_machine import travel

from domain import Refused
from domain.documents import invoices, snapshots
from domain.ledger import document_checks
from models import Document, DocumentKind, NumberSeries, Order, PlatformSettings, db
from tests.cast import Cast
from tests.documents.orders import Item, paid, refunded, rename

GERMAN = {"name": "Cy Doe", "company": "Doe GmbH", "address": "Weg 1\n\n2. Stock", "city": "Köln",
          "postal_code": "50667", "country": "DE", "vat_id": "DE123456789"}  # fmt: skip


@pytest.fixture
def shop(app: Flask) -> Iterator[None]:
    """A context for verbs, as in a POST."""
    with app.test_request_context(method="POST"):
        yield


def rows(kind: DocumentKind, order: Order) -> list[Document]:
    query = select(Document).where(Document.kind == kind, Document.order_id == order.id)
    return list(db.session.scalars(query.order_by(Document.place)))


def wrong() -> list[str]:
    return [row for check in document_checks.CHECKS.values() for row in check()]


def test_an_invoice_says_who_what_and_how_much(shop: None, cast: Cast) -> None:
    order = paid(
        cast, Item(1597, 303, 1900), Item(800, 152, 1900, discount=238), Item(934, 66, 700), includes=True,
        billing=GERMAN, coupon_code="SPRING", payment_method="visa", payment_last4="4242",
        details={"tax_sentence": "As the law wants it."},
    )  # fmt: skip
    document = invoices.issue(order)
    said = snapshots.of(document)
    assert (document.net_cents, document.tax_cents, document.total_cents) == (3331, 521, 3852)
    assert document.currency == "eur"
    assert said.buyer.address == ("Weg 1", "2. Stock")
    assert (said.buyer.company, said.buyer.vat_id) == ("Doe GmbH", "DE123456789")
    assert said.seller.name == "Lectern"
    assert [(line.unit_net_cents, line.discount_cents, line.net_cents) for line in said.lines] == [
        (1597, 0, 1597), (1000, 200, 800), (934, 0, 934),
    ]  # fmt: skip
    assert [tuple(vars(tax).values()) for tax in said.taxes] == [(1900, 2397, 455), (700, 934, 66)]
    assert said.payment is not None
    assert (said.payment.method, said.payment.last4) == ("visa", "4242")
    assert (said.note, said.coupon_code, said.lines[0].author) == ("As the law wants it.", "SPRING", "Ada")


def test_what_a_coupon_paid_in_full_keeps_its_price(shop: None, cast: Cast) -> None:
    document = invoices.issue(paid(cast, Item(0, 0, 1900, discount=1190), includes=True))
    (line,) = snapshots.of(document).lines
    assert (line.unit_net_cents, line.discount_cents, line.net_cents) == (1000, 1000, 0)
    assert snapshots.of(document).payment is None


def test_an_order_has_one_invoice_however_often_it_is_issued(shop: None, cast: Cast) -> None:
    order = paid(cast, Item(1900))
    assert invoices.issue(order).id == invoices.issue(order).id
    assert len(rows(DocumentKind.INVOICE, order)) == 1
    assert wrong() == []


def test_an_order_that_was_never_paid_has_none(shop: None, cast: Cast) -> None:
    order = paid(cast, Item(1900))
    order.completed_at = None
    with pytest.raises(ValueError, match="not completed"):
        invoices.issue(order)


def test_a_snapshot_outlives_what_it_was_taken_from(shop: None, cast: Cast) -> None:
    document = invoices.issue(paid(cast, Item(1900)))
    rename(cast.cy, "Somebody else")
    db.session.expire_all()
    assert snapshots.of(document).buyer.name == "Cy"


def test_the_year_is_that_of_the_shops_zone_and_each_begins_at_one(shop: None, cast: Cast) -> None:
    db.session.get_one(PlatformSettings, 1).timezone = "Asia/Tokyo"
    numbers = []
    for moment in (
        datetime(2030, 12, 31, 14, 59, tzinfo=UTC),
        datetime(2030, 12, 31, 15, 0, tzinfo=UTC),
        datetime(2031, 1, 1, 9, 0, tzinfo=UTC),
    ):
        with travel(moment, tick=False):
            document = invoices.issue(paid(cast, Item(1900)))
        numbers.append((document.number, document.issued_on))
    assert numbers == [
        ("INV-2030-000001", date(2030, 12, 31)),
        ("INV-2031-000001", date(2031, 1, 1)),
        ("INV-2031-000002", date(2031, 1, 1)),
    ]


def test_refunds_are_credited_in_proportion_and_add_up(shop: None, cast: Cast) -> None:
    order = paid(cast, Item(1597, 303, 1900), Item(934, 66, 700))
    invoice = invoices.issue(order)
    notes = [invoices.credit(refunded(order, cents)) for cents in (7, 1000, 1893)]
    assert [note.total_cents for note in notes if note] == [7, 1000, 1893]
    assert [note.number[:3] for note in notes if note] == ["CN-", "CN-", "CN-"]
    assert sum(note.tax_cents for note in notes if note) == invoice.tax_cents
    by_line: dict[str, int] = {}
    for note in rows(DocumentKind.CREDIT_NOTE, order):
        assert note.counters_id == invoice.id
        assert snapshots.of(note).counters == invoice.number
        for line in snapshots.of(note).lines:
            by_line[line.title] = by_line.get(line.title, 0) + line.tax_cents
    assert by_line == {"Course 1": 303, "Course 2": 66}
    assert wrong() == []


def test_a_refund_of_one_line_credits_that_line(shop: None, cast: Cast) -> None:
    order = paid(cast, Item(1597, 303, 1900), Item(934, 66, 700))
    invoices.issue(order)
    refund = refunded(order, 1000, line=1)
    note = invoices.credit(refund)
    assert note is not None
    assert [line.title for line in snapshots.of(note).lines] == ["Course 2"]
    assert (note.net_cents, note.tax_cents) == (934, 66)
    again = invoices.credit(refund)
    assert again is not None
    assert again.id == note.id


def test_what_bought_nothing_is_not_credited(shop: None, cast: Cast) -> None:
    order = paid(cast, Item(1900))
    invoices.issue(order)
    assert invoices.credit(refunded(order, 1900, payment_intent_id="pi_of_a_second_tab")) is None
    assert wrong() == []


def test_a_correction_is_a_credit_note_and_a_new_invoice(shop: None, cast: Cast) -> None:
    order = paid(cast, Item(1597, 303, 1900))
    first = invoices.issue(order)
    second = invoices.correct(order, GERMAN)
    (note,) = rows(DocumentKind.CREDIT_NOTE, order)
    assert (note.counters_id, note.total_cents, note.refund_id) == (first.id, 1900, None)
    assert (second.revision, second.total_cents) == (2, 1900)
    assert snapshots.of(second).buyer.company == "Doe GmbH"
    assert snapshots.of(second).replaces == first.number
    assert snapshots.of(first).buyer.company == ""
    credited = invoices.credit(refunded(order, 900))
    assert credited is not None
    assert credited.counters_id == second.id
    with pytest.raises(Refused, match="refunded"):
        invoices.correct(order, {})
    assert wrong() == []


CHANGES: dict[str, Any] = {
    "number": lambda: update(Document).values(number="INV-1"),
    "snapshot": lambda: update(Document).values(snapshot={}),
    "total": lambda: update(Document).values(total_cents=1, net_cents=1, tax_cents=0),
    "document": lambda: delete(Document),
    "counting back": lambda: update(NumberSeries).values(last=NumberSeries.last - 1),
    "leaving one out": lambda: update(NumberSeries).values(last=NumberSeries.last + 2),
    "series": lambda: update(NumberSeries).values(year=1999, last=NumberSeries.last + 1),
    "counter": lambda: delete(NumberSeries),
    "raw": lambda: text("UPDATE documents SET issued_on = '2020-01-01'"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_database_refuses_to_change_a_document(shop: None, cast: Cast, change: str) -> None:
    with pytest.raises(DBAPIError, match="never|only count"):
        db.session.execute(CHANGES[change]())


def test_only_the_key_of_the_pdf_may_change(shop: None, cast: Cast) -> None:
    document = db.session.scalars(select(Document)).one()
    document.pdf_key = "documents/x.pdf"
    db.session.commit()
    assert db.session.scalars(select(Document.pdf_key)).one() == "documents/x.pdf"


def test_the_database_holds_one_invoice_and_one_correction(shop: None, cast: Cast) -> None:
    order = paid(cast, Item(1900))
    document = invoices.issue(order)
    values = {column.key: getattr(document, column.key) for column in Document.__table__.columns}
    del values["id"]
    for more in ({}, {"place": 1 << 20}, {"number": "INV-9", "place": 1 << 20}):
        with pytest.raises(DBAPIError), db.session.begin_nested():
            db.session.execute(insert(Document).values(**values | more))

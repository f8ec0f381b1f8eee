"""Orders of before: the worker invoices them in the order in which they were completed, in batches."""

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

import jobs
from domain.base import clock
from domain.documents import backlog
from domain.ledger import document_checks
from models import Document, Job, JobState, Order, db
from tests.cast import Cast
from tests.documents.orders import Item, paid


def test_earlier_orders_get_their_invoices_in_order(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backlog, "BATCH", 2)
    with app.app_context():
        now = clock.now()
        wanted = [paid(cast, Item(1900), at=now - timedelta(days=day)).number for day in (9, 3, 7, 5, 1)]
        wanted = [wanted[place] for place in (0, 2, 3, 1, 4)]
        assert len(document_checks.orders_are_invoiced()) == 5
        jobs.enqueue("issue_earlier_invoices", key="earlier_invoices")
        assert document_checks.orders_are_invoiced() == []
        db.session.commit()
        jobs.run_all()
        query = select(Order.number).join(Document, Document.order_id == Order.id).order_by(Document.place)
        assert list(db.session.scalars(query))[1:] == wanted
        assert document_checks.orders_are_invoiced() == []
        states = db.session.scalars(select(Job.state).where(Job.kind == document_checks.EARLIER))
        assert set(states) == {JobState.DONE}

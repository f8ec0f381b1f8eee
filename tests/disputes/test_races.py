"""Two workers apply a dispute at the same moment. Without the lock it shows the bug, with it one winner."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

from domain.base import clock
from domain.disputes import applying, movements
from domain.ledger import order_lock
from models import Document, Earning, Order, Purchase, db
from payments import StripeDispute
from tables import base
from tests.cast import Cast
from tests.checkout.shop import at_once
from tests.disputes.making import Bank, order_of, wrong_books


@pytest.fixture
def without_lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No row lock on PostgreSQL; on SQLite no transaction, as its driver has it when left alone."""

    def look(order_id: uuid.UUID) -> Order:
        lines = db.selectinload(Order.purchases).options(
            db.joinedload(Purchase.product), db.selectinload(Purchase.shares)
        )
        query = db.select(Order).where(Order.id == order_id).options(lines, db.selectinload(Order.user))
        return db.session.scalars(query).one()

    monkeypatch.setattr(order_lock, "lock", look)
    monkeypatch.setattr(applying, "_lock_owners", lambda _order: None)
    event.remove(Engine, "begin", base._begin_sqlite)
    yield
    event.listen(Engine, "begin", base._begin_sqlite)


def withdrawn(app: Flask, cast: Cast) -> StripeDispute:
    """A dispute that the shop knows; what its bank has moved since, it doesn't yet."""
    with app.test_request_context(method="POST"):
        bank = Bank(order_of(cast))
        bank.reports("warning_needs_response")
        return bank.become("lost", -1)


def both(app: Flask, found: StripeDispute) -> list[Any]:
    """Two workers apply it; what each raised."""

    def work() -> None:
        with app.test_request_context(method="POST"):
            applying.apply(found, clock.now())
            db.session.commit()

    return at_once(work, work)


def test_two_workers_book_a_movement_once(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    found = withdrawn(app, cast)
    let_them_meet(monkeypatch, 1.5)
    assert both(app, found) == [None, None]
    with app.test_request_context(method="POST"):
        assert counts() == (2, 2)
        assert wrong_books() == []


def test_without_the_lock_two_workers_clash(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, without_lock: None
) -> None:
    """The ids of balance transactions are the last guard: the second fails instead of booking it twice."""
    found = withdrawn(app, cast)
    let_them_meet(monkeypatch, 10)
    assert [error for error in both(app, found) if error is not None]
    with app.test_request_context(method="POST"):
        assert counts() <= (2, 2)


def let_them_meet(monkeypatch: pytest.MonkeyPatch, patience: float) -> None:
    """Let two that have read the dispute wait for each other before they book."""
    met, real = threading.Barrier(2), movements.book

    def wait_and_book(*given: Any) -> None:
        with suppress(threading.BrokenBarrierError):
            met.wait(patience)
        real(*given)

    monkeypatch.setattr(movements, "book", wait_and_book)


def counts() -> tuple[int, int]:
    """How many entries the ledger has, and how many documents there are."""
    return tuple(  # type: ignore[return-value]
        db.session.scalar(db.select(db.func.count()).select_from(table)) for table in (Earning, Document)
    )

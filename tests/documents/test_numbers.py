"""Numbers without gaps: of many processes, some of them killed, and of two that meet at the counter."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select, text
from sqlalchemy.engine import Engine

from domain.documents import invoices, numbers
from domain.ledger import checks
from models import Document, NumberSeries, Order, db
from tables import base
from tests import effort
from tests.cast import Cast
from tests.checkout.shop import at_once
from tests.documents.completing import complete, in_processes, pending_orders
from tests.documents.orders import Item, paid

COUNT, PROCESSES, KILLS = effort.times(30, 1000), effort.times(3, 8), effort.times(2, 5)


def test_processes_that_are_killed_leave_no_gap(app: Flask, cast: Cast) -> None:
    """Each completes every order, as webhook, return and reconciliation may; the cast has number 1."""
    with app.app_context():
        sessions = pending_orders(cast, COUNT - 1)
    in_processes(app, partial(complete, app, sessions), PROCESSES, KILLS)
    with app.app_context():
        places = list(db.session.scalars(select(Document.place).order_by(Document.place)))
        assert places == list(range(1, COUNT + 1))
        assert len(set(db.session.scalars(select(Document.order_id)))) == COUNT
        assert [row for check in checks.CHECKS.values() for row in check()] == []


@pytest.fixture
def without_lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Read the last number, then write the next: what the one statement is there to prevent."""

    def take(series: str, year: int) -> int:
        db.session.flush()
        query = select(NumberSeries.last).where(NumberSeries.series == series, NumberSeries.year == year)
        place = (db.session.scalar(query) or 0) + 1
        _meet()
        db.session.execute(
            text("UPDATE number_series SET last = :last WHERE series = :series AND last < :last"),
            {"last": place, "series": series},
        )
        return place

    monkeypatch.setattr(numbers, "take", take)
    event.remove(Engine, "begin", base._begin_sqlite)
    yield
    event.listen(Engine, "begin", base._begin_sqlite)


@pytest.fixture
def with_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Meet before the number is taken, where both can be."""
    real = numbers.take

    def take(series: str, year: int) -> int:
        _meet()
        return real(series, year)

    monkeypatch.setattr(numbers, "take", take)


MET: list[threading.Barrier] = []


def _meet() -> None:
    with suppress(threading.BrokenBarrierError):
        MET[0].wait(1.5)


def two_at_once(app: Flask, cast: Cast) -> tuple[list[Any], list[str]]:
    """Two orders are invoiced at the same moment; who failed, and the numbers."""
    MET[:] = [threading.Barrier(2)]
    with app.app_context():
        ids = [paid(cast, Item(1900)).id for _ in range(2)]
        db.session.commit()

    def issue(order_id: Any) -> None:
        with app.app_context():
            query = select(Order).where(Order.id == order_id).options(db.selectinload(Order.purchases))
            invoices.issue(db.session.scalars(query).one())
            db.session.commit()

    answers = at_once(*(partial(issue, order_id) for order_id in ids))
    with app.app_context():
        found = list(db.session.scalars(select(Document.number).order_by(Document.number)))
    return [answer for answer in answers if answer is not None], [number[-6:] for number in found]


def test_two_that_meet_get_numbers_one_after_the_other(app: Flask, cast: Cast, with_lock: None) -> None:
    assert two_at_once(app, cast) == ([], ["000001", "000002", "000003"])


def test_two_that_meet_clash_without_the_lock(app: Flask, cast: Cast, without_lock: None) -> None:
    """The unique number is the last guard: one of the two fails, and is completed by whoever comes next."""
    failed, found = two_at_once(app, cast)
    assert len(failed) == 1
    assert found == ["000001", "000002"]

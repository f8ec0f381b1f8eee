"""Many at once on a few uses: without the lock on the coupon more get one than there are, with it none."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select, update
from sqlalchemy.engine import Engine

from domain import Refused
from domain.coupons import redemptions
from domain.coupons.discounts import Discount
from models import Coupon, CouponRedemption, Order, User, db
from tables import base
from tests.cast import Cast
from tests.coupons.making import coupon, order
from tests.effort import times

CHECKOUTS, USES = times(24, 200), times(3, 20)
FEW = 3


@pytest.fixture
def checkouts(app: Flask, cast: Cast) -> list[uuid.UUID]:
    """Open orders of as many people, and a coupon with fewer uses."""
    with app.test_request_context(method="POST"):
        coupon(max_uses=USES)
        people = [User(email=f"p{n}@example.com", name=f"P{n}", password_hash="x") for n in range(CHECKOUTS)]
        db.session.add_all(people)
        db.session.flush()
        orders = [order(person, cast.flask_course).id for person in people]
        db.session.commit()
    return orders


@pytest.fixture
def without_lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No row lock on PostgreSQL; on SQLite no transaction, as its driver has it when left alone."""
    monkeypatch.setattr(redemptions, "_lock", lambda *_: None)
    event.remove(Engine, "begin", base._begin_sqlite)
    yield
    event.listen(Engine, "begin", base._begin_sqlite)


def reserve(app: Flask, order_id: uuid.UUID) -> bool:
    """Hold a use for one order, in a request of its own."""
    with app.test_request_context(method="POST"):
        made = db.session.scalars(select(Coupon)).one()
        try:
            redemptions.reserve(db.session.get_one(Order, order_id), Discount(made, (190,)))
        except Refused:
            return False
        db.session.commit()
        return True


def taken(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(CouponRedemption)) or 0


def test_as_many_get_one_as_there_are(app: Flask, checkouts: list[uuid.UUID]) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: reserve(app, one), checkouts))
    assert (sum(answers), taken(app)) == (USES, USES)


def test_without_the_lock_more_do(
    app: Flask, checkouts: list[uuid.UUID], without_lock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All of a few have counted before the first writes."""
    with app.app_context():
        db.session.execute(update(Coupon).values(max_uses=FEW))
        db.session.commit()
    met, real = threading.Barrier(FEW + 1), redemptions._refusal

    def count_and_wait(*asked: Any) -> str | None:
        sentence = real(*asked)
        with suppress(threading.BrokenBarrierError):
            met.wait(10)
        return sentence

    monkeypatch.setattr(redemptions, "_refusal", count_and_wait)
    calls: list[Callable[[], bool]] = [lambda one=one: reserve(app, one) for one in checkouts[: FEW + 1]]
    with ThreadPoolExecutor(FEW + 1) as pool:
        list(pool.map(lambda call: call(), calls))
    assert taken(app) == FEW + 1

"""How many hold a course is counted where it changes, and comes out the same when counted anew."""

import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from flask import Flask

from domain.catalog import counters
from domain.learning import access, enrollment
from models import Course, GrantSource, Product, User, db
from tests.cast import Cast
from tests.checkout.shop import at_once


def held(product_id: object) -> int:
    db.session.expire_all()
    return db.session.get_one(Product, product_id).holder_count


def test_taking_and_losing_a_course_is_counted_once(app: Flask, cast: Cast) -> None:
    with app.app_context():
        counters.recount_holders()
        free = db.session.get_one(Course, cast.free_course.id)
        for _ in range(2):
            enrollment.enroll_free(db.session.get_one(User, cast.cy.id), free)
        assert held(free.id) == 1
        paid = cast.flask_course.id
        before = held(paid)
        access.revoke(cast.purchase.id)
        access.revoke(cast.purchase.id)
        assert held(paid) == before - 1
        for _ in range(2):
            access.grant(cast.bo.id, paid, GrantSource.PURCHASE, cast.purchase.id)
        assert held(paid) == before
        assert counters.recount_holders() == 0


def test_who_has_a_course_for_two_reasons_is_one_holder_and_keeps_it_without_one(
    app: Flask, cast: Cast
) -> None:
    with app.app_context():
        course = cast.flask_course.id
        before = held(course)
        given = access.grant(cast.bo.id, course, GrantSource.COMPLIMENTARY, uuid.uuid4())
        again = access.grant(cast.bo.id, course, GrantSource.COMPLIMENTARY, uuid.uuid4())
        assert given.id != again.id
        assert held(course) == before
        access.revoke(cast.purchase.id)
        access.revoke_grant(again)
        assert held(course) == before
        assert access.owns(db.session.get_one(User, cast.bo.id), cast.flask_course)
        access.revoke_grant(given)
        assert held(course) == before - 1
        assert counters.recount_holders() == 0


def take_at_once(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch, lock: Callable[..., Any], linger: float = 0
) -> int:
    """Two take a free course; both have their grant before either counts. By how much the count is wrong.

    Each waits `linger` seconds before its commit, so that the other counts before it.
    """
    met = threading.Barrier(2)

    def meet(*given: Any) -> None:
        with suppress(threading.BrokenBarrierError):
            met.wait(2)
        lock(*given)

    def take(person: User) -> None:
        with app.app_context():
            access.grant(person.id, cast.free_course.id, GrantSource.FREE, cast.free_course.id)
            time.sleep(linger)
            db.session.commit()

    monkeypatch.setattr(counters, "lock_key", meet)
    assert at_once(partial(take, cast.cy), partial(take, cast.una)) == [None, None]
    monkeypatch.undo()
    with app.app_context():
        return counters.recount_holders(cast.free_course.id)


def test_two_who_take_it_at_once_are_both_counted(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert take_at_once(app, cast, monkeypatch, counters.lock_key) == 0


@pytest.mark.postgresql
def test_two_who_take_it_at_once_are_miscounted_without_the_lock(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert take_at_once(app, cast, monkeypatch, lambda *_: None, linger=0.5) == 1

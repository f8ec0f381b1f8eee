"""Locks are taken in one order, people before products: whoever waits never holds what the other needs."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from domain.base import sql
from domain.catalog import counters
from domain.learning import comp_access, enrollment
from models import Course, User, db
from tests.cast import Cast


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables whose rows are locked, in order."""
    seen: list[str] = []

    def noting(real: Callable[..., bool]) -> Callable[..., bool]:
        def lock(model: Any, key: Any, **how: Any) -> bool:
            seen.append(model.__name__)
            return real(model, key, **how)

        return lock

    for module in (sql, counters, comp_access):
        monkeypatch.setattr(module, "lock_key", noting(module.lock_key))
    return seen


def test_people_are_locked_before_products(app: Flask, cast: Cast, locked: list[str]) -> None:
    """Two that lock the same rows in another order wait for each other."""
    with app.app_context():
        cy, mo = (db.session.get_one(User, user.id) for user in (cast.cy, cast.mo))
        enrollment.enroll_free(cy, db.session.get_one(Course, cast.free_course.id))
        assert locked[:2] == ["User", "Product"]
        locked.clear()
        given = comp_access.give_access(cy, db.session.get_one(Course, cast.flask_course.id), None, mo)
        assert locked[:2] == ["User", "Product"]
        locked.clear()
        comp_access.end_access(cy, given.id, mo)
        assert locked == ["User", "Product"]

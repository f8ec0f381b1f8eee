"""Locks of rows: what waits to be written survives them, and what was changed meanwhile is seen."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.exceptions import NotFound

from domain.base import sql
from models import Category, Course, User, db
from tests.cast import Cast

ROOT = Path(__file__).resolve().parents[2]
# Statements of their own: compiled once for heartbeats, on a connection, or skipping what others hold.
OWN = {
    "domain/base/sql.py", "domain/learning/playback_statements.py", "domain/learning/progress.py",
    "domain/platform/moderation_queue.py", "jobs/runner.py",
}  # fmt: skip
WAYS: dict[str, Callable[[User], Any]] = {
    "lock": sql.lock,
    "lock some": lambda user: sql.lock(user, ["name"]),
    "locked": lambda user: sql.locked(select(User).where(User.id == user.id)).one(),
    "reload": sql.reload,
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_not_written_yet_survives(app: Flask, cast: Cast, way: str) -> None:
    with app.app_context(), db.session.no_autoflush:
        ada = db.session.get_one(User, cast.ada.id)
        ada.name = "Not written yet"
        WAYS[way](ada)
        assert ada.name == "Not written yet"


@pytest.mark.parametrize("way", WAYS)
def test_what_was_changed_meanwhile_is_seen(app: Flask, cast: Cast, way: str) -> None:
    with app.app_context():
        ada = db.session.get_one(User, cast.ada.id)
        changed = update(User).where(User.id == ada.id).values(name="Changed meanwhile")
        db.session.execute(changed, execution_options={"synchronize_session": False})
        assert ada.name != "Changed meanwhile"
        WAYS[way](ada)
        assert ada.name == "Changed meanwhile"


def test_what_hangs_on_the_row_stays_loaded(app: Flask, cast: Cast) -> None:
    with app.app_context():
        course = db.session.scalars(
            select(Course).where(Course.id == cast.flask_course.id).options(db.joinedload(Course.creator))
        ).one()
        sql.lock(course)
        assert course.creator.id == course.creator_id


@pytest.mark.parametrize("way", [sql.lock, sql.reload])
def test_a_row_that_is_gone_is_not_found(app: Flask, way: Callable[[Any], None]) -> None:
    with app.app_context():
        row = Category(name="Gone", slug="gone")
        db.session.add(row)
        db.session.flush()
        db.session.execute(Category.__table__.delete().where(Category.id == row.id))
        with pytest.raises(NotFound):
            way(row)


@pytest.mark.postgresql
@pytest.mark.parametrize("way", ["lock", "locked", "key"])
def test_a_second_one_waits(app: Flask, cast: Cast, way: str) -> None:
    ways = {**WAYS, "key": lambda user: sql.lock_key(User, user.id)}
    held, done = threading.Event(), threading.Event()

    def second() -> None:
        with app.app_context():
            held.wait(10)
            ways[way](db.session.get_one(User, cast.ada.id))
            done.set()
            db.session.rollback()

    thread = threading.Thread(target=second)
    thread.start()
    with app.app_context():
        ways[way](db.session.get_one(User, cast.ada.id))
        held.set()
        assert not done.wait(0.5)
        db.session.rollback()
    assert done.wait(10)
    thread.join()


def test_rows_are_locked_in_one_place() -> None:
    by_hand = {
        str(path.relative_to(ROOT))
        for folder in ("domain", "blueprints", "web", "jobs")
        for path in (ROOT / folder).rglob("*.py")
        if any(call in path.read_text() for call in ("with_for_update", "session.refresh("))
    }
    assert by_hand == OWN

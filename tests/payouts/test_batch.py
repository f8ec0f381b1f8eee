"""Fault 34: a batch is killed in the middle, run again, and runs twice at once: each creator is paid once."""

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

import jobs
from domain.payouts import running, runs
from models import Payout, PayoutRun, PayoutStatus, Role, User, db
from stripe_sandbox.testing import RunningSandbox
from tables import base
from tests.cast import Cast, _course
from tests.documents.completing import in_processes
from tests.effort import times
from tests.payouts import making

CREATORS, KILLS = times(12, 1000), times(2, 20)
AT_ONCE = 6


def creators(cast: Cast, stripe: RunningSandbox, count: int) -> list[User]:
    """Creators with one sale each."""
    web = db.session.get_one(type(cast.web), cast.web.id)
    found = []
    for number in range(count):
        user = User(email=f"creator{number}@example.com", name=f"Creator {number}", role=Role.CREATOR)
        db.session.add(user)
        db.session.flush()
        making.able(stripe, user)
        course = _course(user, web, f"Course {number}", f"course-{number}", price_cents=2000)
        making.sale(course, 1400 + number)
        found.append(user)
    db.session.commit()
    return found


def test_each_is_paid_once_whatever_is_killed(app: Flask, cast: Cast, stripe: RunningSandbox) -> None:
    people = creators(cast, stripe, CREATORS)
    ids = {user.id for user in people}
    db.session.remove()

    def pay(_seed: int) -> None:
        with app.app_context():
            runs.start(None)
            db.session.commit()
            jobs.run_all(limit=100_000)

    in_processes(app, pay, processes=3, kills=KILLS)
    pay(0)  # what the last one that was killed has left under way
    found = select(Payout.creator_id, Payout.amount_cents, Payout.stripe_transfer_id, Payout.status)
    rows = [row for row in db.session.execute(found).all() if row.creator_id in ids]
    assert [row.status for row in rows] == [PayoutStatus.PAID] * CREATORS
    transfers = {one["id"]: one for one in stripe.all("transfer")}
    assert len(transfers) == CREATORS
    assert {row.stripe_transfer_id for row in rows} == set(transfers)
    assert sorted(one["amount"] for one in transfers.values()) == [1400 + n for n in range(CREATORS)]


@pytest.fixture
def without_lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No row lock on PostgreSQL; on SQLite no transaction, as its driver has it when left alone."""
    monkeypatch.setattr("domain.base.sql.lock_key", lambda *_: True)
    event.remove(Engine, "begin", base._begin_sqlite)
    yield
    event.listen(Engine, "begin", base._begin_sqlite)


def begun(app: Flask, user_id: uuid.UUID, run_id: uuid.UUID) -> list[object]:
    """Begin to pay one creator in several threads at once; the payouts, and what failed."""
    together = threading.Barrier(AT_ONCE)

    def begin(_number: int) -> object:
        with app.app_context():
            together.wait()
            try:
                request = running.begin(str(user_id), "usd", str(run_id))
                db.session.commit()
            except SQLAlchemyError as error:
                db.session.rollback()
                return error
            return request.payout_id if request is not None else None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(begin, range(AT_ONCE)))


def begin_together(app: Flask, cast: Cast, stripe: RunningSandbox) -> list[object]:
    making.able(stripe, cast.ada)
    run = PayoutRun()
    db.session.add(run)
    db.session.commit()
    run_id = run.id
    db.session.remove()
    return begun(app, cast.ada.id, run_id)


def test_two_runs_take_up_the_same_payout(app: Flask, cast: Cast, stripe: RunningSandbox) -> None:
    found = begin_together(app, cast, stripe)
    payout = db.session.scalars(select(Payout)).one()
    assert found == [payout.id] * AT_ONCE


def test_without_the_lock_they_clash(
    app: Flask, cast: Cast, stripe: RunningSandbox, without_lock: None
) -> None:
    found = begin_together(app, cast, stripe)
    assert any(isinstance(one, SQLAlchemyError) for one in found)
    assert db.session.scalar(select(func.count()).select_from(Payout)) == 1

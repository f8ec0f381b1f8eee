"""Processes that complete orders, as web processes and workers do, and are killed while they are at it."""

import os
import random
import signal
import time
import traceback
import uuid
from collections.abc import Callable

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError
from uuid_utils.compat import uuid7

import payments
from domain.base import clock
from domain.commerce import fulfilment
from models import Category, Document, Order, Product, Purchase, PurchaseShare, User, db
from payments import Session
from tests.cast import Cast, _course

PRICE = 1900


def pending_orders(cast: Cast, count: int) -> list[Session]:
    """Write `count` unpaid orders, each of a course of its own, and answer Stripe's pictures of them."""
    buyers = list(db.session.scalars(select(User).order_by(User.id)))
    ada, web = db.session.get_one(User, cast.ada.id), db.session.get_one(Category, cast.web.id)
    sessions = []
    for number in range(count):
        course = _course(ada, web, f"Course {number}", f"course-{number}", price_cents=PRICE)
        sessions.append(_pending(course, buyers[number % len(buyers)]))
    db.session.commit()
    return sessions


def _pending(course: Product, buyer: User) -> Session:
    order = Order(
        id=uuid7(), number=f"LN-{uuid.uuid4().hex[:12]}", user_id=buyer.id, cart_key=str(course.id),
        subtotal_cents=PRICE, total_cents=PRICE, currency="usd", stripe_session_id=f"cs_{uuid.uuid4().hex}",
    )  # fmt: skip
    purchase = Purchase(
        id=uuid7(), order_id=order.id, user_id=buyer.id, owner_id=buyer.id, product_id=course.id,
        price_cents=PRICE, amount_cents=PRICE, currency="usd",
        product_snapshot={"title": course.title, "summary": "", "creator": "Ada", "slug": course.slug},
    )  # fmt: skip
    share = PurchaseShare(
        purchase_id=purchase.id, creator_id=course.creator_id, course_id=course.id, list_cents=PRICE,
        amount_cents=PRICE, platform_fee_cents=570, creator_amount_cents=1330,
    )  # fmt: skip
    for row in (order, purchase, share):
        db.session.add(row)
        db.session.flush()
    return Session(
        id=str(order.stripe_session_id), url=None, status="complete", payment_status="paid",
        amount_total=PRICE, currency="usd", livemode=payments.is_live(), expires_at=clock.now(),
        payment_intent=f"pi_{order.id.hex}", payment_intent_status="succeeded",
        metadata={"order_id": str(order.id)}, client_reference_id=str(order.id),
    )  # fmt: skip


def complete(app: Flask, sessions: list[Session], seed: int) -> None:
    """Complete the orders in an order of one's own; what the database is too busy for is tried again."""
    rows = random.Random(seed).sample(sessions, len(sessions))
    with app.app_context():
        while rows:
            session = rows.pop()
            try:
                fulfilment.fulfil(session)
                db.session.commit()
            except OperationalError:
                db.session.rollback()
                rows.insert(0, session)


def in_processes(app: Flask, work: Callable[[int], None], processes: int, kills: int) -> None:
    """Do `work(seed)` in processes at once; kill so many with SIGKILL, a new one in the place of each."""
    with app.app_context():
        db.engine.dispose()
    running = {_start(app, work, seed) for seed in range(processes)}
    chance = random.Random(kills)
    for number in range(kills):
        _wait_for_more(app)
        victim = chance.choice(sorted(running))
        os.kill(victim, signal.SIGKILL)
        running -= {os.waitpid(victim, 0)[0]}
        running.add(_start(app, work, processes + number))
    for pid in running:
        assert os.waitpid(pid, 0)[1] == 0


def _start(app: Flask, work: Callable[[int], None], seed: int) -> int:
    """Fork: nothing is imported again, and no connection is shared, as there is none."""
    pid = os.fork()
    if pid:
        return pid
    try:
        work(seed)
    except BaseException:  # noqa: BLE001 - a fork must never return into pytest
        traceback.print_exc()
        os._exit(1)
    os._exit(0)


def _wait_for_more(app: Flask) -> None:
    """Wait until another document was written (or all are), so that a kill meets work under way."""
    with app.app_context():
        before, deadline = _count(), time.monotonic() + 2
        while time.monotonic() < deadline and _count() == before:
            time.sleep(0.005)
        db.engine.dispose()


def _count() -> int:
    """Count the documents without waiting for SQLite's write lock, which the processes hold in turn."""
    with db.engine.connect().execution_options(reads_only=True) as connection:
        return connection.scalar(select(func.count()).select_from(Document)) or 0

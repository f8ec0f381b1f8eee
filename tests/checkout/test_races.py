"""Two at the same moment. Each race is run twice: without its lock it shows the bug, with it one winner."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.engine import Engine

import payments
from domain.commerce import fulfilment
from domain.ledger import order_lock, sold_again
from models import Job, Order, OrderStatus, Purchase, db
from tables import base
from tests.cast import Cast
from tests.checkout.shop import ONCE, Shop, at_once

COMPLETED = "checkout.session.completed"


@pytest.fixture
def without_lock(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No row lock on PostgreSQL; on SQLite no transaction, as its driver has it when left alone."""

    def look(order_id: uuid.UUID) -> Order:
        lines = db.selectinload(Order.purchases).options(
            db.joinedload(Purchase.product), db.selectinload(Purchase.shares)
        )
        query = select(Order).where(Order.id == order_id).options(lines, db.selectinload(Order.user))
        return db.session.scalars(query).one()

    shop.falsified = True
    monkeypatch.setattr(order_lock, "lock", look)
    event.remove(Engine, "begin", base._begin_sqlite)
    yield
    event.listen(Engine, "begin", base._begin_sqlite)


@pytest.fixture
def meeting(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that have read the order wait for each other before they write; whoever is alone waits in vain."""
    met, real = threading.Barrier(2), sold_again.among
    patience = 10 if "without_lock" in request.fixturenames else 1.5

    def look_and_wait(lines: Any) -> Any:
        owned = real(lines)
        with suppress(threading.BrokenBarrierError):
            met.wait(patience)
        return owned

    monkeypatch.setattr(sold_again, "among", look_and_wait)


def webhook_and_return(shop: Shop, cast: Cast) -> tuple[dict[str, int], bool]:
    """The buyer comes back while the worker handles the event; what came of it, and whether one failed."""
    cy = shop.signed_in(cast.cy)
    session_id = shop.buy(cy, cast.flask_course)
    shop.stripe.deliver_all(COMPLETED)
    page, _ = at_once(partial(shop.back, cy, session_id), shop.work)
    failed = shop.count(Job, Job.last_error.is_not(None))
    return shop.effects(cast.cy, cast.flask_course), page.status_code >= 500 or failed > 0


def test_fault_02_webhook_and_success_page_at_once(shop: Shop, cast: Cast, meeting: None) -> None:
    assert webhook_and_return(shop, cast) == (ONCE, False)


def test_fault_02_two_fulfilments_clash_without_the_lock(
    shop: Shop, cast: Cast, meeting: None, without_lock: None
) -> None:
    """The key of the ledger is the last guard: the second fulfilment fails instead of crediting twice."""
    seen, failed = webhook_and_return(shop, cast)
    assert (seen["earnings"], failed) == (1, True)


def both_orders_paid(shop: Shop, cast: Cast) -> Callable[[], list[Any]]:
    """Two orders of one buyer for one course, both paid; the call settles them at once."""
    cy = shop.signed_in(cast.cy)
    first = shop.open(cy, cast.flask_course)
    with shop.database() as session:
        session.execute(update(Order).where(Order.stripe_session_id == first).values(status="cancelled"))
    second = shop.open(cy, cast.flask_course)
    shop.stripe.pay(first)
    shop.stripe.pay(second)
    return lambda: at_once(partial(settle, shop, first), partial(settle, shop, second))


def settle(shop: Shop, session_id: str) -> None:
    """Do what the success page and the worker do about a session."""
    with shop.app.app_context():
        found = payments.find_session(session_id)
        assert found is not None
        fulfilment.fulfil(found)
        db.session.commit()


def test_two_paid_orders_settled_at_once_give_one_course_and_one_refund(
    shop: Shop, cast: Cast, meeting: None
) -> None:
    assert both_orders_paid(shop, cast)() == [None, None]
    assert shop.effects(cast.cy, cast.flask_course) == ONCE
    assert len(shop.refunds()) == 1


def test_two_paid_orders_clash_without_the_lock(
    shop: Shop, cast: Cast, meeting: None, without_lock: None
) -> None:
    """The index of the database is the last guard: the second payment fails instead of being sent back."""
    came_of_it = both_orders_paid(shop, cast)()
    assert [error for error in came_of_it if error is not None]
    assert shop.refunds() == []


def both_gifts_paid(shop: Shop, cast: Cast) -> Callable[[], list[Any]]:
    """Two orders of one cart with a gift in it, both paid; the call settles them at once."""
    cy = shop.signed_in(cast.cy)
    cy.post("/gifts/flask-first-steps", data={"recipient": "zoe@example.com"})
    sessions = []
    for _ in range(2):
        with shop.database() as session:
            session.execute(update(Order).where(Order.user_id == cast.cy.id).values(status="cancelled"))
        sessions.append(shop.session_in(cy.post("/checkout/review", data={"product": "cart"})))
    for session_id in sessions:
        shop.stripe.pay(session_id)
    return lambda: at_once(*[partial(settle, shop, session_id) for session_id in sessions])


def gifts_sold(shop: Shop) -> int:
    return shop.count(Purchase, Purchase.is_gift, Purchase.status == OrderStatus.COMPLETED)


def test_two_paid_orders_of_a_cart_give_its_gift_once(shop: Shop, cast: Cast, meeting: None) -> None:
    assert both_gifts_paid(shop, cast)() == [None, None]
    assert (gifts_sold(shop), len(shop.refunds())) == (1, 1)


def test_two_gifts_of_a_cart_clash_without_the_lock(
    shop: Shop, cast: Cast, meeting: None, without_lock: None
) -> None:
    """The index of the database is the last guard here too."""
    came_of_it = both_gifts_paid(shop, cast)()
    assert [error for error in came_of_it if error is not None]
    assert (gifts_sold(shop), shop.refunds()) == (1, [])


def clicks(shop: Shop, cast: Cast) -> list[str]:
    """Two tabs press "Buy now" at the same moment; the sessions they are sent to."""
    tabs = [shop.signed_in(cast.cy), shop.signed_in(cast.cy)]
    answers = at_once(*[partial(shop.click, tab, cast.flask_course) for tab in tabs])
    return [shop.session_in(answer) for answer in answers]


@pytest.fixture
def both_ask(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str], str]], None]:
    """Let both tabs ask Stripe before either has an answer, with the key that a function makes of theirs."""
    met, real = threading.Barrier(2), payments.open_session

    def install(key: Callable[[str], str]) -> None:
        def ask(checkout: payments.Checkout) -> payments.Session:
            with suppress(threading.BrokenBarrierError):
                met.wait(10)
            return real(replace(checkout, key=key(checkout.key)))

        monkeypatch.setattr(payments, "open_session", ask)

    return install


def test_fault_16_two_tabs_share_a_session_through_the_stored_key(
    shop: Shop, cast: Cast, both_ask: Callable[[Callable[[str], str]], None]
) -> None:
    both_ask(lambda key: key)
    assert len(set(clicks(shop, cast))) == 1
    assert len(shop.stripe.all("checkout.session")) == 1


def test_fault_16_shows_two_sessions_without_the_stored_key(
    shop: Shop, cast: Cast, both_ask: Callable[[Callable[[str], str]], None]
) -> None:
    both_ask(lambda key: str(uuid.uuid4()))
    clicks(shop, cast)
    assert len(shop.stripe.all("checkout.session")) == 2


def insert_twice(shop: Shop, cast: Cast) -> int:
    """Two processes that both believe there is no open order write one; how many there are then."""

    def insert(number: str) -> None:
        with shop.app.app_context():
            values = {"cart_key": "same", "subtotal_cents": 1, "total_cents": 1, "currency": "usd"}
            db.session.add(Order(number=number, user_id=cast.cy.id, **values))
            db.session.commit()

    shop.falsified = True
    at_once(partial(insert, "LN-A"), partial(insert, "LN-B"))
    return shop.count(Order, Order.cart_key == "same", Order.status == OrderStatus.PENDING)


def test_fault_16_the_index_lets_one_checkout_be_open(shop: Shop, cast: Cast) -> None:
    assert insert_twice(shop, cast) == 1


def test_fault_16_shows_two_open_checkouts_without_the_index(shop: Shop, cast: Cast) -> None:
    with shop.database() as session:
        session.execute(text("DROP INDEX uq_orders_open_checkout"))
    assert insert_twice(shop, cast) == 2


def test_paying_and_expiring_race_at_stripe_and_one_wins(shop: Shop, cast: Cast) -> None:
    cy = shop.signed_in(cast.cy)
    session_id = shop.open(cy, cast.flask_course)
    with shop.database() as session:
        session.execute(text("UPDATE products SET price_cents = 2500 WHERE slug = 'flask-first-steps'"))
    _, clicked = at_once(partial(shop.stripe.pay, session_id), partial(shop.click, cy, cast.flask_course))
    shop.hear()
    if shop.stripe.get("checkout.session", session_id)["status"] == "complete":
        assert clicked.headers["Location"] == "/learn/flask-first-steps"
        assert shop.effects(cast.cy, cast.flask_course) == ONCE
    else:
        assert shop.session_in(clicked) != session_id
    assert shop.alerts() == []

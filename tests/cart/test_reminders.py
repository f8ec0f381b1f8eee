"""The reminder of a cart: once, a day later, to people who agreed to marketing, never after buying."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from domain.base import clock
from domain.cart import carts, reminders
from domain.platform import consents
from mail import render_bodies
from models import (
    Cart,
    ConsentEnd,
    ConsentSource,
    Course,
    EmailMessage,
    Order,
    OrderStatus,
    Product,
    ProductStatus,
    User,
    db,
)
from tests.cast import Cast

Change = Callable[[User, Cart], None]


@pytest.fixture
def waiting(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cy put two things into the cart a day ago, and had agreed to marketing."""
    with app.test_request_context(method="POST"):
        cy = db.session.get_one(User, cast.cy.id)
        consents.give(cy, ConsentSource.ACCOUNT)
        cart = carts.open_for(cy)
        for course in (cast.flask_course, cast.free_course):
            carts.add(cart, cy, db.session.get_one(Product, course.id))
        db.session.commit()
    later(monkeypatch, days=1, minutes=1)


def later(monkeypatch: pytest.MonkeyPatch, **ahead: float) -> None:
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(**ahead))


def remind(app: Flask, cast: Cast, change: Change | None = None) -> list[EmailMessage]:
    with app.test_request_context(method="POST"):
        cy = db.session.get_one(User, cast.cy.id)
        if change is not None:
            change(cy, db.session.scalars(select(Cart)).one())
            db.session.flush()
        reminders.remind()
        db.session.commit()
        query = select(EmailMessage).where(EmailMessage.template == "cart_reminder")
        return list(db.session.scalars(query))


@pytest.mark.usefixtures("waiting")
def test_once_a_day_later(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    [message] = remind(app, cast)
    with app.test_request_context():
        plain, html = render_bodies(message)
    assert message.subject == "2 things are in your cart"
    assert "“Flask, first steps”" in plain
    assert "/unsubscribe/" in html
    assert [one.id for one in remind(app, cast)] == [message.id]
    later(monkeypatch, days=1)
    assert len(remind(app, cast)) == 1


def test_not_before(app: Flask, cast: Cast, waiting: None, monkeypatch: pytest.MonkeyPatch) -> None:
    later(monkeypatch, hours=-2)
    assert remind(app, cast) == []


def _bought(user: User, _cart: Cart) -> None:
    order = Order(
        number="LN-TEST-9", user_id=user.id, cart_key="x", subtotal_cents=1, total_cents=1, currency="usd",
        status=OrderStatus.COMPLETED, completed_at=clock.now(),
    )  # fmt: skip
    db.session.add(order)


def _bank_pays(user: User, _cart: Cart) -> None:
    order = Order(
        number="LN-TEST-9", user_id=user.id, cart_key="x", subtotal_cents=1, total_cents=1, currency="usd",
        confirming_since=clock.now(),
    )  # fmt: skip
    db.session.add(order)


def _no_consent(user: User, _cart: Cart) -> None:
    consents.withdraw(user, ConsentEnd.UNSUBSCRIBE_LINK)


def _unverified(user: User, _cart: Cart) -> None:
    user.email_verified_at = None


def _off_sale(_user: User, _cart: Cart) -> None:
    for course in db.session.scalars(select(Course)):
        course.status = ProductStatus.ARCHIVED


def _bought_from_it(user: User, cart: Cart) -> None:
    bought = db.session.scalars(select(Course.id).where(Course.slug == "flask-first-steps")).one()
    carts.remove_bought(user, [bought])
    assert carts.count(cart.id) == 1
    cart.changed_at = clock.now() - timedelta(days=1, minutes=1)


def _changed(_user: User, cart: Cart) -> None:
    cart.changed_at = clock.now()


def _old(_user: User, cart: Cart) -> None:
    cart.changed_at = clock.now() - reminders.WITHIN


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize(
    "change",
    [_bought, _bank_pays, _no_consent, _unverified, _off_sale, _bought_from_it, _changed, _old],
)
def test_never(app: Flask, cast: Cast, change: Change) -> None:
    assert remind(app, cast, change) == []


@pytest.mark.usefixtures("waiting")
@pytest.mark.parametrize("change", [_bought, _bank_pays, _off_sale, _changed])
def test_a_message_that_waits_is_looked_at_again(app: Flask, cast: Cast, change: Change) -> None:
    with app.test_request_context(method="POST"):
        cy, cart = db.session.get_one(User, cast.cy.id), db.session.scalars(select(Cart)).one()
        since = cart.changed_at.isoformat()
        assert reminders.objection(cy, since) is None
        change(cy, cart)
        db.session.flush()
        assert reminders.objection(cy, since)


@pytest.mark.usefixtures("waiting")
def test_a_cart_that_is_filled_anew_is_reminded_of_anew(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert len(remind(app, cast)) == 1
    with app.test_request_context(method="POST"):
        cy = db.session.get_one(User, cast.cy.id)
        cart = carts.open_for(cy)
        carts.remove_bought(cy, [cast.flask_course.id, cast.free_course.id])
        carts.add(cart, cy, db.session.get_one(Product, cast.flask_course.id))
        db.session.commit()
    assert len(remind(app, cast)) == 1
    later(monkeypatch, days=1, minutes=1)
    assert [message.subject for message in remind(app, cast)][1:] == ["“Flask, first steps” is in your cart"]


@pytest.mark.usefixtures("waiting")
def test_many_are_reminded_in_turns(app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reminders, "AT_ONCE", 1)
    enqueued: list[str] = []
    monkeypatch.setattr("jobs.enqueue", lambda kind, **about: enqueued.append(kind))
    remind(app, cast)
    assert "remind_of_carts" in enqueued

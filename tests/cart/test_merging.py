"""A guest's cart goes with them when they sign in: once, without loss, whatever happens meanwhile."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from domain.base import clock
from domain.cart import carts, merging
from models import Cart, CartItem, Course, Product, ProductStatus, User, WishlistItem, db
from tests.cast import PASSWORD, Cast

Browser = Callable[[User], FlaskClient]
ITEMS = "/cart/items"


def put(client: FlaskClient, product: Product) -> None:
    assert client.post(ITEMS, data={"product": str(product.id)}).status_code == 303


def sign_in(client: FlaskClient, person: User) -> None:
    answer = client.post("/login?next=/cart", data={"email": person.email, "password": PASSWORD})
    assert answer.location == "/cart"


def lines_of(app: Flask, person: User) -> list[CartItem]:
    with app.app_context():
        own = select(CartItem).join(Cart, Cart.id == CartItem.cart_id).where(Cart.user_id == person.id)
        return list(
            db.session.scalars(own.where(CartItem.removed_at.is_(None)).order_by(CartItem.created_at))
        )


def fill(cast: Cast, user_id: Any, start: int, number: int) -> Cart:
    """Write a cart with so many courses, the first of which is numbered `start`."""
    cart = Cart(user_id=user_id)
    db.session.add(cart)
    for place in range(start, start + number):
        slug = f"filler-{place}"
        course = db.session.scalar(select(Course).where(Course.slug == slug))
        if course is None:
            course = Course(
                title=slug, slug=slug, summary="x", description="", creator_id=cast.ada.id,
                category_id=cast.web.id, price_cents=1000, currency="usd", status=ProductStatus.PUBLISHED,
                published_at=clock.now(),
            )  # fmt: skip
            db.session.add(course)
        db.session.flush()
        db.session.add(CartItem(cart_id=cart.id, product_id=course.id, price_cents=1000))
    db.session.flush()
    return cart


def test_signing_in_takes_the_cart_along(
    app: Flask, client: FlaskClient, cast: Cast, signed_in: Browser
) -> None:
    put(signed_in(cast.cy), cast.flask_course)
    put(client, cast.flask_course)
    put(client, cast.free_course)
    with app.app_context():
        ids = set(db.session.scalars(select(CartItem.id)))
    sign_in(client, cast.cy)
    assert client.get_cookie("lectern_cart") is None
    assert [line.product_id for line in lines_of(app, cast.cy)] == [cast.flask_course.id, cast.free_course.id]
    assert {line.id for line in lines_of(app, cast.cy)} < ids
    page = client.get("/cart").text
    assert "Cart, 2 in it" in page
    assert 'action="/logout"' in page
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Cart)) == 1
    client.post("/logout")
    assert "Your cart is empty" in client.get("/cart").text


def test_what_is_theirs_already_is_kept_and_said(app: Flask, client: FlaskClient, cast: Cast) -> None:
    put(client, cast.flask_course)
    sign_in(client, cast.bo)
    assert "You already own this course." in client.get("/cart").text


def test_an_error_keeps_the_guests_cart(
    app: Flask, client: FlaskClient, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(client, cast.flask_course)
    real = merging.merge

    def fail(user: User, token: str) -> bool:
        real(user, token)
        raise OperationalError("", {}, Exception("locked"))

    monkeypatch.setattr(merging, "merge", fail)
    sign_in(client, cast.cy)
    assert lines_of(app, cast.cy) == []
    assert client.get_cookie("lectern_cart") is not None
    assert client.get("/account").status_code == 200, "signed in all the same"
    monkeypatch.undo()
    put(client, cast.free_course)
    assert {line.product_id for line in lines_of(app, cast.cy)} == {cast.flask_course.id, cast.free_course.id}
    assert client.get_cookie("lectern_cart") is None


def test_a_wrong_password_takes_nothing(app: Flask, client: FlaskClient, cast: Cast) -> None:
    put(client, cast.flask_course)
    client.post("/login", data={"email": cast.cy.email, "password": "wrong"})
    assert lines_of(app, cast.cy) == []
    assert client.get_cookie("lectern_cart") is not None


def test_merging_is_idempotent(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        cy = db.session.get_one(User, cast.cy.id)
        token = carts.token_of(fill(cast, None, 0, 2))
        assert merging.merge(cy, token)
        assert not merging.merge(cy, token)
        assert not merging.merge(cy, "forged")
        own = db.session.scalars(select(Cart)).one()
        assert not merging.merge(cy, carts.token_of(own)), "a person's cart is nobody's to merge"
        db.session.commit()
    assert len(lines_of(app, cast.cy)) == 2


def test_what_the_cart_cannot_hold_is_saved_for_later(app: Flask, cast: Cast) -> None:
    with app.test_request_context(method="POST"):
        cy = db.session.get_one(User, cast.cy.id)
        fill(cast, cy.id, 0, 48)
        guests = fill(cast, None, 46, 6)
        gift = CartItem(
            cart_id=guests.id, product_id=cast.free_course.id, price_cents=0, recipient_email="a@example.com"
        )
        db.session.add(gift)
        db.session.flush()
        gift_id = gift.id
        merging.merge(cy, carts.token_of(guests))
        db.session.commit()
        saved = db.session.scalar(select(func.count()).select_from(WishlistItem))
    lines = lines_of(app, cast.cy)
    assert len(lines) == carts.MOST
    assert gift_id in {line.id for line in lines}, "a gift can't wait on a wishlist"
    assert saved == 3


def at_once(app: Flask, *verbs: Callable[[], object]) -> list[BaseException]:
    """Run each verb in a request of its own, all at the same time; answers what went wrong."""
    start, wrong = threading.Barrier(len(verbs)), []

    def run(verb: Callable[[], object]) -> None:
        with app.test_request_context(method="POST"):
            start.wait()
            try:
                verb()
                db.session.commit()
            except Exception as error:  # noqa: BLE001 - the test asks which
                db.session.rollback()
                wrong.append(error)

    threads = [threading.Thread(target=run, args=(verb,)) for verb in verbs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


def merge_two(app: Flask, cast: Cast, same: bool) -> list[BaseException]:
    """Sign in twice at once: with one guest's cart, or with those of two browsers."""
    with app.test_request_context(method="POST"):
        first = carts.token_of(fill(cast, None, 0, 30))
        second = first if same else carts.token_of(fill(cast, None, 20, 30))
        db.session.commit()

    def merge(token: str) -> Callable[[], object]:
        return lambda: merging.merge(db.session.get_one(User, cast.cy.id), token)

    return at_once(app, merge(first), merge(second))


def saved(app: Flask) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(WishlistItem)) or 0


def test_one_cart_merged_twice_at_once(app: Flask, cast: Cast) -> None:
    assert merge_two(app, cast, same=True) == []
    assert len(lines_of(app, cast.cy)) == 30
    assert saved(app) == 0


def test_two_carts_merged_at_once(app: Flask, cast: Cast) -> None:
    assert merge_two(app, cast, same=False) == []
    assert len(lines_of(app, cast.cy)) == 50
    assert saved(app) == 0


@pytest.mark.postgresql
def test_without_the_lock_they_spoil_each_other(
    app: Flask, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On SQLite the transaction itself is the lock."""
    met = threading.Barrier(2)
    real = merging._new_lines

    def meet(guest_id: Any, cart_id: Any) -> Any:
        found = real(guest_id, cart_id)
        met.wait(timeout=10)
        return found

    with app.test_request_context(method="POST"):
        carts.open_for(db.session.get_one(User, cast.cy.id))
        db.session.commit()
    monkeypatch.setattr(merging, "_new_lines", meet)
    monkeypatch.setattr("domain.base.sql.locked", lambda query, keys=False: db.session.scalars(query))
    wrong = merge_two(app, cast, same=False)
    assert wrong, "the same products stand in both"

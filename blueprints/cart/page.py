"""Routes of the cart's page and its lines."""

import uuid

from flask import url_for
from werkzeug.wrappers import Response

from blueprints.cart import bp
from domain.cart import carts
from domain.pages import cart_page
from domain.pages.cart_page import CartPage
from domain.platform.event_registry import EventName
from models import Cart, CartItem, Product, db
from web import cart_cookie, coupon_cookie, guards, hypermedia, signed_in, visitor
from web.actions import Attempt

UNDO_SECONDS = 12


@bp.get("/cart")
def index() -> Response:
    """Show the reader's cart: each line with what is true of it now, and the sum."""
    return hypermedia.render("cart/index.html", cart=_page())


@bp.post("/cart/items/<uuid:item_id>/remove")
def remove(item_id: uuid.UUID) -> Response:
    """Remove a line; a toast can undo it."""
    cart = cart_cookie.find_locked()
    item = carts.remove(cart, item_id)
    _taken_out(cart, item, f"“{_title(item)}” is out of your cart.")
    return _show_again()


@bp.post("/cart/items/<uuid:item_id>/put-back")
def put_back(item_id: uuid.UUID) -> Response:
    """Undo the removal of a line."""
    with Attempt() as attempt:
        cart = cart_cookie.find_locked()
        item = carts.put_back(cart, item_id)
        cart_cookie.changed(cart)
        visitor.record_cart(EventName.CART_ADDED, item)
        attempt.say(f"“{_title(item)}” is back in your cart.")
    return _show_again()


@bp.post("/cart/items/<uuid:item_id>/save")
def save_for_later(item_id: uuid.UUID) -> Response:
    """Move a line to the wishlist of the person signed in."""
    if (away := guards.ask_to_sign_in()) is not None:
        return away
    with Attempt():
        cart = cart_cookie.find_locked()
        item = carts.save_for_later(cart, signed_in.me(), item_id)
        _taken_out(cart, item, f"“{_title(item)}” is on your wishlist.")
    return _show_again()


def _page() -> CartPage:
    return cart_page.load(signed_in.reader(), cart_cookie.token(), coupon_cookie.kept())


def _taken_out(cart: Cart, item: CartItem, sentence: str) -> None:
    """Commit that a line was taken out, and say so with a button that undoes it."""
    undo = url_for("cart.put_back", item_id=item.id)
    cart_cookie.changed(cart)
    visitor.record_cart(EventName.CART_REMOVED, item)
    db.session.commit()
    hypermedia.toast(sentence, "info", undo=undo, seconds=UNDO_SECONDS)


def _title(item: CartItem) -> str:
    return db.session.get_one(Product, item.product_id).title


def _show_again() -> Response:
    """Show the cart again, as a fragment or by redirect."""
    if not hypermedia.is_swap():
        return hypermedia.see_other(url_for("cart.index"))
    return hypermedia.render("cart/index.html", "cart/contents.oob.html", cart=_page())

"""The cart of a request: a person's, or that of a guest, whose signed cookie names it.

The cookie is set once something is put into a cart, and goes when the guest signs in: what they chose then
moves into their own cart. It is no part of the session, so that public pages of guests keep their ETag.
"""

import uuid

from flask import Flask, Response, after_this_request, current_app, g, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import NotFound

from domain import Refused
from domain.base.log import log
from domain.cart import carts, merging
from domain.people import rate_limits
from models import Cart, db, write_from_here
from tables.connections import is_page
from web import signed_in

COOKIE = "lectern_cart"
TOO_MANY = "Too many carts were begun from your network. Sign in, and use the cart of your account."


def init_app(app: Flask) -> None:
    """Merge a guest's cart when they sign in, and let templates count its lines."""
    app.jinja_env.globals["cart_count"] = count
    app.after_request(_merge_after_signing_in)


def token() -> str:
    """Return the guest's token; "" without one."""
    return request.cookies.get(COOKIE, "")


def current() -> Cart | None:
    """Find the reader's cart."""
    return carts.find(signed_in.reader(), token())


def count() -> int:
    """Count the lines of the reader's cart; no query for visitors without one, nor for people's pages."""
    if (known := g.get("cart_count")) is not None:
        return int(known)
    user = signed_in.reader()
    if user is not None:
        return int(user.cart_count)
    g.cart_count = carts.guest_count(token()) if token() else 0
    return int(g.cart_count)


def product_ids() -> set[uuid.UUID]:
    """List the products in the reader's cart; no query while it is empty."""
    if not count():
        return set()
    cart = current()
    return carts.product_ids(cart) if cart is not None else set()


def open_locked() -> Cart:
    """Get or create the reader's cart, and lock it; a guest's browser is told its name.

    Refused where a network begins too many.
    """
    user = signed_in.reader()
    if user is not None:
        return _take_over() or carts.open_for(user)
    if carts.find(None, token()) is None:
        try:
            rate_limits.begin(rate_limits.cart_limits(request.remote_addr or ""))
        except rate_limits.TooManyAttempts as error:
            raise Refused(TOO_MANY) from error
    cart = carts.open_for(None, token())
    after_this_request(lambda response: _keep(response, carts.token_of(cart)))
    return cart


def find_locked() -> Cart:
    """Lock the reader's cart; raises NotFound without one."""
    if current() is None and not (signed_in.reader() and token()):
        raise NotFound
    return _take_over() or carts.open_for(signed_in.reader(), token())


def changed(cart: Cart) -> None:
    """Let the rest of this request, its header, count the lines of `cart` as they are now."""
    g.cart_count = carts.count(cart.id)


def _take_over() -> Cart | None:
    """Merge a guest's cart that is still there after signing in, because merging it failed then."""
    user = signed_in.reader()
    if user is None or not token():
        return None
    merging.merge(user, token())
    after_this_request(_drop)
    return carts.open_for(user)


def _merge_after_signing_in(response: Response) -> Response:
    """Merge in a transaction of its own: an error spoils neither the sign-in nor the guest's cart."""
    user = signed_in.reader() if g.get("let_in") and token() and response.status_code < 400 else None
    if user is None:
        return response
    try:
        if is_page():
            write_from_here()
        merging.merge(user, token())
        db.session.commit()
    except SQLAlchemyError:
        db.session.rollback()
        log.warning("the cart of a guest could not be merged; it is kept", exc_info=True)
        return response
    return _drop(response)


def _keep(response: Response, value: str) -> Response:
    response.set_cookie(
        COOKIE,
        value,
        max_age=carts.KEEP_GUESTS,
        secure=current_app.config["SESSION_COOKIE_SECURE"],
        httponly=True,
        samesite="Lax",
    )
    return response


def _drop(response: Response) -> Response:
    response.delete_cookie(
        COOKIE, secure=current_app.config["SESSION_COOKIE_SECURE"], httponly=True, samesite="Lax"
    )
    return response

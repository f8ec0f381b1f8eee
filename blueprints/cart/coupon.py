"""Routes of the coupon code of a cart."""

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.cart import bp
from blueprints.cart.forms import CodeForm
from domain.coupons import entering
from domain.coupons.discounts import Discount
from domain.pages import cart_page
from domain.people import rate_limits
from models import db
from web import cart_cookie, coupon_cookie, hypermedia, signed_in

TOO_MANY = "Too many codes were tried from your network. Wait a while, then try again."


@bp.post("/cart/coupon")
def enter_code() -> Response:
    """Apply a code to the cart, or show it again with the reason why it doesn't apply."""
    typed = CodeForm().code.data or ""
    found = _enter(typed)
    if found.refusal:
        return _show(typed, found, 422)
    coupon_cookie.keep(typed)
    return hypermedia.see_other(url_for("cart.index")) if not hypermedia.is_swap() else _show(typed, found)


@bp.post("/cart/coupon/remove")
def remove_code() -> Response:
    """Keep no code any more."""
    coupon_cookie.forget()
    return hypermedia.see_other(url_for("cart.index")) if not hypermedia.is_swap() else _show("", None)


def _enter(typed: str) -> Discount:
    """Look a code up, and count a refused one against guessing. Commits."""
    lines = cart_page.to_discount(signed_in.reader(), cart_cookie.token())
    if not typed:
        return Discount(None, (0,) * len(lines), "Enter a code.")
    limits = rate_limits.coupon_limits(request.remote_addr or "")
    try:
        rate_limits.refuse_spent(limits)
    except rate_limits.TooManyAttempts:
        return Discount(None, (0,) * len(lines), TOO_MANY)
    found = entering.enter(signed_in.reader(), lines, typed)
    if found.refusal:
        rate_limits.begin(limits)
    db.session.commit()
    return found


def _show(typed: str, found: Discount | None, status: int = 200) -> Response:
    page = cart_page.load(signed_in.reader(), cart_cookie.token(), typed, found)
    return hypermedia.render("cart/index.html", "cart/contents.oob.html", status=status, cart=page)

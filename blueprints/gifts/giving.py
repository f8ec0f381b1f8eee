"""Routes of "Give as a gift": a form whose gift goes into the cart, for guests too."""

import uuid

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.gifts import bp
from blueprints.gifts.forms import GiftForm
from domain.base import clock
from domain.cart import carts
from domain.catalog import kinds
from domain.gifts import orders, terms
from domain.platform.event_registry import EventName
from models import Product
from web import cart_cookie, hypermedia, signed_in, visitor
from web.actions import Attempt


@bp.get("/gifts/<slug>")
def give(slug: str) -> Response:
    """Ask for whom a product is, when it's delivered, and with which words."""
    return _show(kinds.product_at(signed_in.reader(), slug), GiftForm())


@bp.post("/gifts/<slug>")
def add(slug: str) -> Response:
    """Put the gift into the cart, in place of the `line` of it that was for oneself."""
    product, form = kinds.product_at(signed_in.reader(), slug), GiftForm()
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            typed = form.recipient.data or "", form.message.data or "", form.deliver_on.data
            wanted = terms.check(*typed, giver=signed_in.reader())
            cart = cart_cookie.open_locked()
            item = carts.add_gift(cart, product, wanted, request.args.get("line", type=uuid.UUID))
            cart_cookie.changed(cart)
            visitor.record_cart(EventName.CART_ADDED, item)
            attempt.say(f"Your gift for {wanted.recipient} is in your cart.")
            return hypermedia.leave(url_for("cart.index"))
        product = kinds.product_at(signed_in.reader(), slug)
    return _show(product, form)


def _show(product: Product, form: GiftForm) -> Response:
    now, today = clock.now(), terms.today_here()
    return hypermedia.render(
        "gifts/give.html", status=form.status, product=product, form=form,
        refusal=orders.refusal(product, now), cents=kinds.offer(None, product, now, gift=True).amount_cents,
        line=request.args.get("line", type=uuid.UUID), today=today, last_day=today + terms.FURTHEST,
    )  # fmt: skip

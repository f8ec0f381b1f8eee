"""Route of "Add to cart", on cards, course pages and the wishlist."""

from flask import abort, url_for
from flask.blueprints import BlueprintSetupState
from werkzeug.wrappers import Response

from blueprints.cart import bp
from blueprints.cart.forms import AddForm
from domain.cart import carts
from domain.catalog import kinds
from domain.platform.event_registry import EventName
from web import cart_cookie, csrf, hypermedia, signed_in, visitor
from web.actions import Attempt


@bp.record_once
def _let_public_pages_post(state: BlueprintSetupState) -> None:
    """Exempt adding from the token: pages of visitors without a session have none, so that they have an ETag.

    The route refuses what other sites send.
    """
    state.app.extensions["csrf"].exempt(add)


@bp.post("/cart/items")
def add() -> Response:
    """Put a product into the reader's cart; a guest's begins with the first."""
    csrf.refuse_other_sites()
    form = AddForm()
    if not form.validate() or form.product_id is None:
        abort(404)
    product = kinds.known(signed_in.reader(), form.product_id)
    title, page = product.title, kinds.page(product)
    with Attempt() as attempt:
        cart = cart_cookie.open_locked()
        item = carts.add(cart, signed_in.reader(), product)
        cart_cookie.changed(cart)
        visitor.record_cart(EventName.CART_ADDED, item)
    if attempt.refusal is not None:
        return hypermedia.leave(page)
    if hypermedia.is_swap():
        return hypermedia.render("cart/index.html", "cart/added.oob.html", title=title, size=form.shown_size)
    hypermedia.toast(f"“{title}” is in your cart.")
    return hypermedia.see_other(url_for("cart.index"))

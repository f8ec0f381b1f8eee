"""Routes of the wishlist page."""

import uuid

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.wishlist import bp
from blueprints.wishlist.forms import NotifyForm
from domain.cart import wishlist
from models import db
from web import cart_cookie, hypermedia
from web.signed_in import me


@bp.get("/wishlist")
def index() -> Response:
    """List the reader's wishlist, latest first."""
    before = request.args.get("before", type=uuid.UUID)
    return hypermedia.render(
        "wishlist/index.html", listing=wishlist.page_of(me(), before), before=before,
        in_cart_ids=cart_cookie.product_ids(),
    )  # fmt: skip


@bp.post("/wishlist/<uuid:product_id>/notify")
def notify(product_id: uuid.UUID) -> Response:
    """Turn notifications of a product's sales on or off."""
    form = NotifyForm()
    form.validate_on_submit()
    wishlist.notify(me(), product_id, form.notify.data)
    db.session.commit()
    said = "We’ll tell you when the price drops." if form.notify.data else "We won’t tell you about sales."
    hypermedia.toast(said)
    return _show_again()


@bp.post("/wishlist/<uuid:product_id>/remove")
def remove(product_id: uuid.UUID) -> Response:
    """Remove a product from the wishlist."""
    wishlist.remove(me().id, product_id)
    db.session.commit()
    hypermedia.toast("Removed from your wishlist.")
    return _show_again()


def _show_again() -> Response:
    """Show the first page of the list again, as a fragment or by redirect."""
    if not hypermedia.is_swap():
        return hypermedia.see_other(url_for("wishlist.index"))
    return hypermedia.render(
        "wishlist/index.html", "wishlist/_list.html", listing=wishlist.page_of(me()), before=None,
        in_cart_ids=cart_cookie.product_ids(),
    )  # fmt: skip

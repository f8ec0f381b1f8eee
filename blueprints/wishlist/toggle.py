"""Routes to put a product on the wishlist from its page, and to remove it."""

from werkzeug.wrappers import Response

from blueprints.wishlist import bp
from blueprints.wishlist.forms import WishForm
from domain.cart import wishlist
from domain.catalog import kinds
from models import Product
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me


@bp.get("/courses/<slug>/wish")
def ask(slug: str) -> Response:
    """Show one button, for visitors who pressed the heart and have just signed in, or why there is none."""
    product = kinds.product_at(me(), slug)
    refusal = wishlist.refusal(me(), product)
    return hypermedia.render("wishlist/ask.html", product=product, form=WishForm(), refusal=refusal)


@bp.post("/courses/<slug>/wish")
def wish(slug: str) -> Response:
    """Put the product on the wishlist, or remove it."""
    product = kinds.product_at(me(), slug)
    form = WishForm()
    if not form.validate_on_submit():
        return hypermedia.render(
            "wishlist/ask.html", status=form.status, product=product, form=form, refusal=None
        )
    wished = form.wished.data
    slug, page = product.slug, kinds.page(product)
    with Attempt() as attempt:
        _set_wished(product, wished)
    if attempt.refusal is not None:
        return hypermedia.leave(page)
    if hypermedia.is_swap():
        return hypermedia.render(
            "wishlist/_heart.html", "wishlist/_heart.html", slug=slug, is_wished=wished, focus=True
        )
    hypermedia.toast("Added to your wishlist." if wished else "Removed from your wishlist.")
    return hypermedia.see_other(page)


def _set_wished(product: Product, wished: bool) -> None:
    if wished:
        wishlist.add(me(), product)
    else:
        wishlist.remove(me().id, product.id)

"""The lines of a cart as fragments, which are cached: fifty of them cost more than the rest of the page."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from flask import current_app
from markupsafe import Markup

from blueprints.cart import bp
from domain.cart.contents import CartLine
from domain.pages.cart_page import CartPage
from web import fragment_cache, signed_in

# A line is about 2 kB. Who looks at a cart looks at it again after each change.
KEPT = 4096


class ShownLine(NamedTuple):
    """A line with everything else that it shows, which is its key in the cache.

    `sale_ends` says when its price ends, by the present time. `firsts_here` are those of the courses to
    finish before that stand in the cart too. `can_save`: it can be moved to a wishlist.
    """

    line: CartLine
    sale_ends: str
    firsts_here: frozenset[UUID]
    can_save: bool


@bp.app_template_global()
def cart_lines(cart: CartPage) -> list[Markup]:
    """Render the lines of `cart`, each of which needs the form #cart-lines beside it."""
    show = fragment_cache.remembered("cart lines", "cart/_line.html", "shown", KEPT)
    is_person, here = signed_in.reader() is not None, cart.product_ids
    return [
        show(
            ShownLine(
                line,
                _ago(line.sale_ends_at) if line.is_taken else "",
                frozenset(first.id for first in line.locking if first.id in here),
                is_person and line.is_taken and not line.is_gift,
            )
        )
        for line in cart.lines
    ]


def _ago(moment: datetime | None) -> str:
    return current_app.jinja_env.filters["ago"](moment) if moment is not None else ""

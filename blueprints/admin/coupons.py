"""Routes of the shop's coupons, and of all creators'; all but the list are those of `web/coupon_routes`."""

from enum import StrEnum

from werkzeug.wrappers import Response

from blueprints.admin import bp
from blueprints.admin.coupon_forms import form
from web import coupon_pages, coupon_routes
from web.coupon_pages import Desk
from web.query_args import choice_arg


class Whose(StrEnum):
    """The coupons of a list."""

    SHOP = "shop"
    CREATORS = "creators"


def _desk() -> Desk:
    return Desk("admin", None, form)


@bp.get("/coupons")
def coupons() -> Response:
    """List the shop's coupons, or creators', newest first."""
    return coupon_pages.list_page(_desk(), choice_arg("of", Whose, Whose.SHOP) == Whose.CREATORS)


coupon_routes.add_to(bp, _desk)

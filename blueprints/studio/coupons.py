"""Routes of a creator's coupons; all but the list are those of `web/coupon_routes`."""

from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.coupon_forms import form
from web import coupon_pages, coupon_routes
from web.coupon_pages import Desk
from web.signed_in import me


def _desk() -> Desk:
    return Desk("studio", me(), form)


@bp.get("/coupons")
def coupons() -> Response:
    """List the creator's coupons, newest first."""
    return coupon_pages.list_page(_desk())


coupon_routes.add_to(bp, _desk)

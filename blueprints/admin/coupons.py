"""Routes of the shop's coupons, and those of all creators."""

import uuid
from enum import StrEnum

from werkzeug.wrappers import Response

from blueprints.admin import bp
from blueprints.admin.coupon_forms import form
from web import coupon_pages
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


@bp.route("/coupons/new", methods=["GET", "POST"])
def new_coupon() -> Response:
    """Create a coupon, or a batch of codes."""
    return coupon_pages.new_page(_desk())


@bp.get("/coupons/<uuid:coupon_id>")
def coupon(coupon_id: uuid.UUID) -> Response:
    """Show a coupon: how it stands, what it brought, its last orders."""
    return coupon_pages.coupon_page(_desk(), coupon_id)


@bp.route("/coupons/<uuid:coupon_id>/edit", methods=["GET", "POST"])
def edit_coupon(coupon_id: uuid.UUID) -> Response:
    """Change a coupon."""
    return coupon_pages.edit_page(_desk(), coupon_id)


@bp.post("/coupons/<uuid:coupon_id>/stop")
def stop_coupon(coupon_id: uuid.UUID) -> Response:
    """Stop a coupon."""
    return coupon_pages.stop(_desk(), coupon_id)


@bp.post("/coupons/<uuid:coupon_id>/start")
def start_coupon(coupon_id: uuid.UUID) -> Response:
    """Start a stopped coupon again."""
    return coupon_pages.start(_desk(), coupon_id)


@bp.post("/coupons/<uuid:coupon_id>/prolong")
def prolong_coupon(coupon_id: uuid.UUID) -> Response:
    """Change the last day of a coupon."""
    return coupon_pages.prolong(_desk(), coupon_id)


@bp.post("/coupons/<uuid:coupon_id>/duplicate")
def duplicate_coupon(coupon_id: uuid.UUID) -> Response:
    """Copy a coupon."""
    return coupon_pages.duplicate(_desk(), coupon_id)


@bp.get("/coupons/<uuid:coupon_id>/orders.csv")
def coupon_orders(coupon_id: uuid.UUID) -> Response:
    """Export the orders of a coupon as CSV."""
    return coupon_pages.orders_file(_desk(), coupon_id)


@bp.get("/coupons/<uuid:coupon_id>/days.csv")
def coupon_days(coupon_id: uuid.UUID) -> Response:
    """Export the figures of a coupon by day as CSV."""
    return coupon_pages.days_file(_desk(), coupon_id)


@bp.get("/coupons/<uuid:coupon_id>/codes.csv")
def coupon_codes(coupon_id: uuid.UUID) -> Response:
    """Export the codes of a batch as CSV."""
    return coupon_pages.codes_file(_desk(), coupon_id)

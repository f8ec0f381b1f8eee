"""Routes of refunds that an admin decides."""

from flask import abort, url_for
from werkzeug.wrappers import Response

from blueprints.admin import bp
from domain.commerce import order_admin
from models import RefundCause
from web import refund_pages
from web.reauthentication import fresh


@bp.route("/orders/<number>/refund", methods=["GET", "POST"])
@fresh
def refund(number: str) -> Response:
    """Choose what of an order is refunded, see what follows, and do it."""
    return refund_pages.answer(
        lambda: order_admin.find(number) or abort(404),
        refund_pages.refundable,
        RefundCause.ADMIN,
        url_for("admin.order", number=number),
        "admin/refund.html",
    )

"""Routes of refunds that creators decide of their own sales, where the shop lets them."""

from flask import abort, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp
from domain.payouts import own_sales
from domain.platform import settings
from models import RefundCause
from web import refund_pages
from web.reauthentication import fresh
from web.signed_in import me


@bp.route("/sales/<number>/refund", methods=["GET", "POST"])
@fresh
def refund(number: str) -> Response:
    """Choose what of one's own in an order is refunded, see what follows, and do it."""
    if not settings.current().creators_refund:
        abort(404)
    return refund_pages.answer(
        lambda: own_sales.order_with(me(), number) or abort(404),
        lambda found: [line for line in refund_pages.refundable(found) if own_sales.is_all_of(me(), line)],
        RefundCause.CREATOR,
        url_for("studio.earnings"),
        "studio/refund.html",
    )

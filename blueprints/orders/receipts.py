"""Routes of a buyer's orders and receipts."""

from flask import abort, request
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.orders import bp
from domain.catalog import kinds
from domain.commerce import orders, refund_terms
from web import hypermedia


@bp.get("/orders")
def index() -> Response:
    """List the reader's orders, newest first."""
    after = request.args.get("after", "")
    listing = orders.list_orders(current_user, after)
    refunds = orders.refunds_of(listing.rows)
    standings = {order.id: orders.buyer_status(order, refunds.get(order.id)).value for order in listing.rows}
    return hypermedia.render("orders/index.html", listing=listing, standings=standings, is_first=not after)


@bp.get("/orders/<number>")
def show(number: str) -> Response:
    """Show one order: its receipt, or its state."""
    order = orders.find(current_user, number) or abort(404)
    refund = orders.refunds_of([order]).get(order.id)
    standing = orders.buyer_status(order, refund).value
    return hypermedia.render(
        "orders/show.html", order=order, refund=refund, standing=standing, landing=kinds.landing,
        lock_of=kinds.lock_of, refund_terms=refund_terms.of(order),
    )  # fmt: skip

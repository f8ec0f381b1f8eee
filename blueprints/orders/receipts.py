"""Routes of a buyer's orders and receipts."""

from flask import abort, request
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.orders import bp
from domain.catalog import kinds
from domain.commerce import orders
from web import hypermedia

LAST_PAGE = 1000


@bp.get("/orders")
def index() -> Response:
    """List the reader's orders, newest first."""
    number = request.args.get("page", 1, type=int)
    if not 1 <= number <= LAST_PAGE:
        abort(404)
    listing = orders.list_orders(current_user, number)
    refunds = orders.refunds_of(listing.rows)
    standings = {order.id: orders.buyer_status(order, refunds.get(order.id)).value for order in listing.rows}
    return hypermedia.render("orders/index.html", listing=listing, standings=standings, number=number)


@bp.get("/orders/<number>")
def show(number: str) -> Response:
    """Show one order: its receipt, or its state."""
    order = orders.find(current_user, number) or abort(404)
    refund = orders.refunds_of([order]).get(order.id)
    standing = orders.buyer_status(order, refund).value
    return hypermedia.render(
        "orders/show.html", order=order, refund=refund, standing=standing, landing=kinds.landing
    )

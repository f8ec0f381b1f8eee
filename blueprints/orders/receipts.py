"""Routes of a buyer's orders and receipts."""

from functools import partial

from flask import abort, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.orders import bp
from domain.base import clock
from domain.catalog import kinds
from domain.commerce import order_search, orders, refund_terms
from domain.commerce.order_search import OrderFilter
from domain.documents import corrections, lookups, parties
from domain.gifts import giving
from domain.gifts import orders as gift_lines
from domain.refunds import requests, withdrawal
from web import hypermedia
from web.query_args import choice_arg, text_arg

TABS = {
    None: "All",
    OrderFilter.PAID: "Paid",
    OrderFilter.UNPAID: "Not paid",
    OrderFilter.REFUNDED: "Refunded",
}


@bp.get("/orders")
def index() -> Response:
    """List the reader's orders of one state, or those that `q` finds, newest first."""
    after, text = request.args.get("after", ""), text_arg("q")
    state = choice_arg("state", OrderFilter, None)
    listing = order_search.page(current_user, after, text, state)
    refunds = orders.refunds_of(listing.rows)
    address = partial(url_for, "orders.index", q=text or None)
    return hypermedia.render(
        "orders/index.html",
        listing=listing,
        standings={
            order.id: orders.buyer_status(order, refunds.get(order.id)).value for order in listing.rows
        },
        invoices=lookups.invoices_of(order.id for order in listing.rows),
        is_first=not after,
        text=text,
        state=state,
        tabs=[(name, address(state=one.value if one else None), one == state) for one, name in TABS.items()],
        newest=address(state=state),
        older=address(state=state, after=listing.after) if listing.after else None,
    )


@bp.get("/orders/<number>")
def show(number: str) -> Response:
    """Show one order: its receipt, or its state."""
    order = orders.find(current_user, number) or abort(404)
    refund = orders.refunds_of([order]).get(order.id)
    standing = orders.buyer_status(order, refund).value
    documents = lookups.of_order(order.id)
    sold_by, billed_to = parties.of_documents(documents, current_user)
    requests.load_shares(order)
    rights = withdrawal.rights(order, clock.now()) if withdrawal.is_open(order) else []
    return hypermedia.render(
        "orders/show.html", order=order, refund=refund, standing=standing, landing=kinds.landing,
        lock_of=kinds.lock_of, refund_terms=refund_terms.of(order), documents=documents,
        gifts=gift_lines.of_order(order.id), gift_state=giving.state, sold_by=sold_by, billed_to=billed_to,
        may_correct=corrections.refusal(current_user, documents) is None, asked=requests.latest(order),
        may_ask=requests.may_be_asked(order), right=next((one for one in rights if one.holds), None),
    )  # fmt: skip

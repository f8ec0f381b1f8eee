"""Routes of the order admin: the list, with open alerts on top, and one order."""

from functools import partial

from flask import abort, url_for
from werkzeug.wrappers import Response

from blueprints.admin import after, bp, sorting
from blueprints.admin.alerts import acknowledge
from blueprints.admin.forms import NoteForm
from domain.commerce import order_admin, order_words
from domain.commerce.order_admin import OrderSort
from models import Order, OrderStatus
from web import hypermedia
from web.query_args import choice_arg, text_arg
from web.reauthentication import fresh


@bp.get("/orders")
def orders() -> Response:
    """List the orders of one state, or those that `q` finds; the first page begins with open alerts."""
    state, text = choice_arg("state", OrderStatus, None), text_arg("q")
    sort = choice_arg("sort", OrderSort, OrderSort.NEWEST)
    page = order_admin.page(state, after(), sort, text)
    address = partial(url_for, "admin.orders", state=state, q=text or None)
    states = [None, *OrderStatus]
    return hypermedia.render(
        "admin/orders.html",
        listing=page,
        text=text,
        state=state,
        unsolved=order_admin.unsolved() if not (after() or text) else [],
        tabs=[
            (
                order_words.words(one).text if one else "All",
                url_for("admin.orders", state=one.value if one else None, q=text or None),
                one == state,
            )
            for one in states
        ],
        by_total=sorting.column(address, sort, None, OrderSort.TOTAL),
        by_age=sorting.column(address, sort, OrderSort.OLDEST, OrderSort.NEWEST),
        more=address(sort=sort, after=page.after) if page.after else None,
        first=address(sort=sort) if after() else None,
    )


@bp.get("/orders/<number>")
def order(number: str) -> Response:
    """Show one order: its purchases, Stripe's events about it, and its audit log."""
    return _page(_order(number), NoteForm(formdata=None))


@bp.post("/orders/<number>/looked-at")
@fresh
def look_at(number: str) -> Response:
    """Acknowledge the alert of an order with a note."""
    form = NoteForm()
    if acknowledge(_order(number), form):
        return hypermedia.see_other(url_for("admin.order", number=number))
    return _page(_order(number), form)


def _order(number: str) -> Order:
    return order_admin.find(number) or abort(404)


def _page(row: Order, form: NoteForm) -> Response:
    status = 422 if form.errors else 200
    return hypermedia.render("admin/order.html", status=status, file=order_admin.details_of(row), form=form)

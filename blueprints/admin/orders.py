"""Routes of the order admin: the list, with open alerts on top, and one order."""

from flask import abort, url_for
from werkzeug.wrappers import Response

from blueprints.admin import after, bp
from blueprints.admin.alerts import acknowledge
from blueprints.admin.forms import NoteForm
from domain.commerce import order_admin
from models import Order, OrderStatus
from web import hypermedia
from web.query_args import choice_arg
from web.reauthentication import fresh


@bp.get("/orders")
def orders() -> Response:
    """List the orders of one state, newest first; the first page begins with those whose alert is open."""
    state = choice_arg("state", OrderStatus, None)
    page = order_admin.page(state, after())
    states = [None, *OrderStatus]
    return hypermedia.render(
        "admin/orders.html",
        listing=page,
        unsolved=order_admin.unsolved() if not after() else [],
        tabs=[
            (
                one.value.replace("_", " ").capitalize() if one else "All",
                url_for("admin.orders", state=one.value if one else None),
                one == state,
            )
            for one in states
        ],
        more=url_for("admin.orders", state=state, after=page.after) if page.after else None,
        first=url_for("admin.orders", state=state) if after() else None,
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

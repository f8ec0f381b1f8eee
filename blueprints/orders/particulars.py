"""Routes of correcting the buyer's particulars on an invoice, for the buyer and for admins."""

from flask import abort, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.orders import bp
from domain.commerce import order_admin, orders
from domain.documents import corrections, lookups, snapshots
from models import Document, DocumentKind, Order
from web import hypermedia
from web.actions import Attempt
from web.billing_form import BillingForm
from web.reauthentication import challenge, is_fresh
from web.signed_in import me


@bp.route("/orders/<number>/particulars", methods=["GET", "POST"])
def particulars(number: str) -> Response:
    """Show and correct what the invoice says about the buyer: a credit note and a new invoice.

    An admin who corrects somebody else's proves who they are.
    """
    order, invoice, wrong = _found(number)
    asks = request.method == "POST" and order.user_id != me().id and not is_fresh()
    if asks and (away := challenge()) is not None:
        return away
    stored = corrections.particulars(invoice)
    form = BillingForm(data=stored)
    for name in corrections.fixed(snapshots.of(invoice).buyer, order):
        delattr(form, name)
    if wrong is None and form.validate_on_submit():
        with Attempt(form) as attempt:
            given = {field.name: field.data or "" for field in form if field.name in corrections.FIELDS}
            corrected = corrections.correct(me(), order, given)
            said = (
                "Nothing was changed."
                if corrected.id == invoice.id
                else f"Invoice {corrected.number} is new."
            )
            attempt.say(said)
            return hypermedia.see_other(_back(number, order))
        order, invoice, wrong = _found(number)
    return hypermedia.render(
        "orders/particulars.html", status=form.status, form=form, order=order, invoice=invoice, wrong=wrong,
        buyer=snapshots.of(invoice).buyer, back=_back(number, order),
    )  # fmt: skip


def _found(number: str) -> tuple[Order, Document, str | None]:
    order = orders.find(current_user, number)
    if order is None and current_user.is_admin:
        order = order_admin.find(number)
    if order is not None and request.method == "POST":
        corrections.lock(order)
    documents = lookups.of_order(order.id) if order is not None else []
    issued = [document for document in documents if document.kind == DocumentKind.INVOICE]
    if order is None or not issued:
        abort(404)
    return order, issued[-1], corrections.refusal(me(), documents)


def _back(number: str, order: Order) -> str:
    is_own = order.user_id == current_user.id
    return url_for("orders.show" if is_own else "admin.order", number=number)

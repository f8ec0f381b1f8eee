"""Routes of declaring a withdrawal: the form, the second step that confirms it, and the acknowledgement.

Pages and times are the same for an order that exists and one that doesn't.
"""

import uuid

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from blueprints.withdrawals import bp
from blueprints.withdrawals.forms import WithdrawalForm
from domain import InvalidToken
from domain.base import clock
from domain.commerce import orders
from domain.people import rate_limits
from domain.refunds import declarations, requests, withdrawal
from domain.refunds.withdrawal import Right
from models import db
from web import hypermedia
from web.actions import Attempt
from web.query_args import text_arg
from web.signed_in import reader


@bp.get("/withdraw")
def declare() -> Response:
    """Show the form, filled with what is known of the person and of the order `?order=`."""
    _refuse_where_off()
    person, number = reader(), text_arg("order").upper()
    known = {"name": person.name, "email": person.email} if person is not None else {}
    form = WithdrawalForm(formdata=None, data={**known, "order_number": number})
    return _page(form, _rights(number))


@bp.post("/withdraw")
def review() -> Response:
    """Show what is about to be declared, with the button that declares it."""
    _refuse_where_off()
    form = WithdrawalForm()
    rights = _rights(form.order_number.data or "")
    form.offer(rights)
    if not form.validate_on_submit():
        return _page(form, rights)
    form.key.data = str(uuid.uuid4())
    return hypermedia.render("withdrawals/confirm.html", form=form, chosen=_chosen(form, rights))


@bp.post("/withdraw/confirm")
def confirm() -> Response:
    """Declare it: stored with its time, acknowledged by mail, and acted upon."""
    _refuse_where_off()
    form = WithdrawalForm()
    rights = _rights(form.order_number.data or "")
    form.offer(rights)
    if form.validate_on_submit():
        _count()
        with Attempt(form):
            row = declarations.declare(form.declaration, reader(), form.line_ids)
            return hypermedia.see_other(
                url_for("withdrawals.received", token=declarations.receipt_token(row))
            )
    return _page(form, rights)


@bp.get("/withdraw/received/<token>")
def received(token: str) -> Response:
    """Acknowledge a declaration with its content and time; what becomes of it is told to its buyer alone."""
    try:
        row = declarations.received_by(token)
    except InvalidToken:
        abort(404)
    person = reader()
    is_buyer = person is not None and row.user_id == person.id
    return hypermedia.render("withdrawals/received.html", declared=row, is_buyer=is_buyer)


def _page(form: WithdrawalForm, rights: list[Right]) -> Response:
    form.offer(rights)
    return hypermedia.render(
        "withdrawals/declare.html", status=form.status, form=form, rights=rights,
        ended=[right for right in rights if not right.holds],
    )  # fmt: skip


def _rights(number: str) -> list[Right]:
    """List the rights of the lines of an order, if it belongs to the person signed in."""
    person = reader()
    order = orders.find(person, number.upper()) if person is not None and number else None
    if order is None:
        return []
    requests.load_shares(order)
    return withdrawal.rights(order, clock.now())


def _chosen(form: WithdrawalForm, rights: list[Right]) -> list[str]:
    """Return the titles of the lines that were chosen."""
    ids = set(form.line_ids)
    return [right.line.product_snapshot["title"] for right in rights if right.line.id in ids]


def _count() -> None:
    """Count the declaration for the network. Raises TooManyAttempts."""
    attempt = rate_limits.begin(rate_limits.withdrawal_limits(request.remote_addr or ""))
    db.session.commit()
    rate_limits.refuse_excess(attempt)


def _refuse_where_off() -> None:
    if not withdrawal.is_offered():
        abort(404)

"""Routes that Stripe redirects the buyer to: success and cancelled."""

from flask import abort, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.checkout import bp
from domain.base.log import log
from domain.catalog import kinds
from domain.commerce import fulfilment, orders
from models import Order, db, write_from_here
from payments import PaymentUnavailable, find_session
from web import cart_cookie, coupon_cookie, hypermedia

QUICK_LOOKS, LOOKS = 10, 40


@bp.get("/checkout/success")
def success() -> Response:
    """Show the state of the order, after asking Stripe itself: the address alone proves no payment.

    The webhook may come later or never, so its work is done here too, by the same idempotent verb.
    """
    session_id = request.args.get("session_id", "")
    looks = request.args.get("n", 0, type=int)
    order = orders.find_by_session(current_user, session_id)
    if order is None:
        return _no_order()
    if orders.buyer_status(order) == orders.BuyerStatus.OPEN:
        _learn_of_payment(session_id)
        if (cart := cart_cookie.current()) is not None:
            cart_cookie.changed(cart)
        order = orders.find_by_session(current_user, session_id) or abort(404)
    if order.coupon_code and order.completed_at:
        coupon_cookie.forget()
    refund = orders.refunds_of([order]).get(order.id)
    standing = orders.buyer_status(order, refund)
    return hypermedia.render(
        "checkout/success.html",
        "checkout/_standing.html",
        order=order,
        standing=standing.value,
        refund=refund,
        again=_look_again(session_id, looks) if standing == orders.BuyerStatus.OPEN else None,
        landing=kinds.landing,
        lock_of=kinds.lock_of,
        seconds=3 if looks < QUICK_LOOKS else 15,
    )


@bp.get("/checkout/cancelled")
def cancelled() -> Response:
    """Show that the payment was cancelled. The order stays open, so that a retry reuses its session."""
    order = orders.find(current_user, request.args.get("order", ""))
    if order is None:
        return _no_order()
    if orders.buyer_status(order) not in (orders.BuyerStatus.OPEN, orders.BuyerStatus.CANCELLED):
        return hypermedia.see_other(url_for("orders.show", number=order.number))
    return hypermedia.render("checkout/cancelled.html", order=order, landing=kinds.landing)


def _no_order() -> Response:
    return hypermedia.render("checkout/no_order.html", status=404)


def _learn_of_payment(session_id: str) -> Order | None:
    """Fulfil a paid session; when Stripe can't be reached the page says that we are waiting."""
    write_from_here()
    try:
        session = find_session(session_id)
    except PaymentUnavailable:
        log.warning("Stripe can't be asked about session %s; the webhook or the sweep will", session_id)
        return None
    order = fulfilment.fulfil(session) if session is not None else None
    db.session.commit()
    return order


def _look_again(session_id: str, looks: int) -> str | None:
    """Build the address that the waiting page polls next; None after the last poll."""
    return url_for("checkout.success", session_id=session_id, n=looks + 1) if looks < LOOKS else None

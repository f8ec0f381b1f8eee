"""The steps from a basket to Stripe's page, each in a transaction of its own."""

from flask import current_app, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from domain import Refused
from domain.catalog import kinds
from domain.commerce import checkout, order_consents
from domain.commerce.baskets import Basket
from domain.commerce.checkout_refusals import Seen
from domain.commerce.order_consents import Given
from models import db
from payments import KeyInUse, PaymentRefused, PaymentUnavailable
from web import hypermedia


def go_to_stripe(basket: Basket, seen: Seen, given: Given = order_consents.NONE) -> Response | None:
    """Redirect to Stripe's page, or to the order if it waits; None to begin again.

    That is when it was paid meanwhile, or while another tab is asking Stripe for the same page. No
    transaction is open while Stripe is asked. Raises Refused, and PaymentUnavailable.
    """
    plan = checkout.start_order(current_user, basket, _address("success"), _address("cancelled"), seen, given)
    db.session.commit()
    if plan.waits:
        return hypermedia.leave(url_for("orders.show", number=plan.number))
    try:
        session, customer = checkout.fetch_session(plan)
    except KeyInUse:
        return None
    except PaymentRefused as refusal:
        checkout.close_order(plan, str(refusal))
        db.session.commit()
        what = f"This {kinds.noun(basket.product)}" if basket.product is not None else "Your cart"
        raise Refused(f"{what} can’t be bought right now. We’ve been notified.") from refusal
    page = checkout.record_session(plan, session, customer)
    db.session.commit()
    return hypermedia.leave(page) if page is not None else None


def give_up() -> PaymentUnavailable:
    """Make the error for an order that changed at every try."""
    return PaymentUnavailable("The order kept changing.")


def _address(page: str) -> str:
    """Build a return URL for Stripe; {CHECKOUT_SESSION_ID} and {ORDER} are placeholders filled in later."""
    base = current_app.config["SETTINGS"].base_url
    query = "session_id={CHECKOUT_SESSION_ID}" if page == "success" else "order={ORDER}"
    return f"{base}{url_for(f'checkout.{page}')}?{query}"

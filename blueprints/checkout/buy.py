"""Route of "Buy now": creates an order and a Checkout Session and redirects to Stripe."""

from flask import abort, current_app, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.checkout import bp
from blueprints.checkout.forms import BuyForm
from domain import Refused
from domain.base import clock
from domain.catalog import kinds
from domain.commerce import checkout
from domain.commerce.checkout import Seen
from models import Product, db
from payments import PaymentRefused, PaymentUnavailable
from web import hypermedia
from web.actions import Attempt


@bp.post("/checkout")
def start() -> Response:
    """Redirect to Stripe, or to what they have if they needn't pay, or explain the refusal."""
    form = BuyForm()
    if not form.validate() or form.product_id is None:
        abort(404)
    product = checkout.product_on_offer(form.product_id) or abort(404)
    try:
        with Attempt(silent=True) as attempt:
            return _go_to_stripe(product, form.seen)
    except PaymentUnavailable:
        db.session.rollback()
        product = checkout.product_on_offer(form.product_id) or abort(404)
        return hypermedia.render("checkout/unavailable.html", status=503, product=product, seen=form.seen)
    return _refused(product, attempt, form.seen)


def _go_to_stripe(product: Product, seen: Seen) -> Response:
    """Take the steps of `checkout`, each in a transaction of its own: none is open while Stripe is asked."""
    kind = kinds.kind_of(product)
    for _ in range(checkout.ROUNDS):
        if sentence := kind.held(current_user, product, clock.now()):
            hypermedia.toast(sentence, "info")
            return hypermedia.leave(kinds.entrance(product).path)
        plan = checkout.start_order(current_user, product, _address("success"), _address("cancelled"), seen)
        db.session.commit()
        if plan.waits:
            return hypermedia.leave(url_for("orders.show", number=plan.number))
        try:
            session = checkout.fetch_session(plan)
        except PaymentRefused as refusal:
            checkout.close_order(plan, str(refusal))
            db.session.commit()
            raise Refused(f"This {kind.noun} can’t be bought right now. We’ve been notified.") from refusal
        page = checkout.record_session(plan, session)
        db.session.commit()
        if page is not None:
            return hypermedia.leave(page)
    raise PaymentUnavailable("The order kept changing.")


def _refused(product: Product, attempt: Attempt, seen: Seen) -> Response:
    if isinstance(attempt.refusal, checkout.Unseen):
        return hypermedia.render(
            "checkout/confirm.html", status=409, product=product, before=seen.price_cents,
            price=attempt.refusal.price_cents, lock=attempt.refusal.lock,
        )  # fmt: skip
    waits = isinstance(attempt.refusal, checkout.NotVerified)
    page = "checkout/verify.html" if waits else "checkout/refused.html"
    is_free = isinstance(attempt.refusal, checkout.FreeProduct)
    return hypermedia.render(page, status=422, product=product, sentence=attempt.sentence, is_free=is_free)


def _address(page: str) -> str:
    """Build a return URL for Stripe; {CHECKOUT_SESSION_ID} and {ORDER} are placeholders filled in later."""
    base = current_app.config["SETTINGS"].base_url
    query = "session_id={CHECKOUT_SESSION_ID}" if page == "success" else "order={ORDER}"
    return f"{base}{url_for(f'checkout.{page}')}?{query}"

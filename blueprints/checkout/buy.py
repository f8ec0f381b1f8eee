"""Route of "Buy now": creates an order and a Checkout Session and redirects to Stripe."""

from flask import abort, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.checkout import bp
from blueprints.checkout.forms import BuyForm
from blueprints.checkout.stripe_steps import give_up, go_to_stripe
from domain.base import clock
from domain.catalog import kinds
from domain.commerce import baskets, checkout, checkout_refusals, review
from domain.commerce.checkout_refusals import Seen
from models import Product, db
from payments import PaymentUnavailable
from web import coupon_cookie, hypermedia
from web.actions import Attempt


@bp.post("/checkout")
def start() -> Response:
    """Redirect to Stripe, or to what they have if they needn't pay, or explain the refusal.

    Where the shop has to ask something first, such as the buyer's country, it is asked on the review page.
    """
    form = BuyForm()
    if not form.validate() or form.product_id is None:
        abort(404)
    product = baskets.product_on_offer(form.product_id) or abort(404)
    try:
        with Attempt(silent=True) as attempt:
            return _buy(product, form.seen)
    except PaymentUnavailable:
        db.session.rollback()
        product = baskets.product_on_offer(form.product_id) or abort(404)
        return hypermedia.render("checkout/unavailable.html", status=503, product=product, seen=form.seen)
    return _refused(product, attempt, form.seen)


def _buy(product: Product, seen: Seen) -> Response:
    for _ in range(checkout.ROUNDS):
        if sentence := kinds.kind_of(product).held(current_user, product, clock.now()):
            hypermedia.toast(sentence, "info")
            return hypermedia.leave(kinds.entrance(product).path)
        basket = baskets.of_product(product, coupon_cookie.kept())
        if review.is_needed(current_user):
            return hypermedia.leave(url_for("checkout.review_order", product=product.id))
        if answer := go_to_stripe(basket, seen):
            return answer
    raise give_up()


def _refused(product: Product, attempt: Attempt, seen: Seen) -> Response:
    if isinstance(attempt.refusal, checkout_refusals.Unseen):
        return hypermedia.render(
            "checkout/confirm.html", status=409, product=product, before=seen.price_cents,
            price=attempt.refusal.price_cents, lock=attempt.refusal.lock,
        )  # fmt: skip
    waits = isinstance(attempt.refusal, checkout_refusals.NotVerified)
    page = "checkout/verify.html" if waits else "checkout/refused.html"
    is_free = isinstance(attempt.refusal, checkout_refusals.FreeProduct)
    return hypermedia.render(page, status=422, product=product, sentence=attempt.sentence, is_free=is_free)

"""The review page: what is bought, what it costs with discount and tax, and what the buyer is asked."""

from flask import abort, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.checkout import bp
from blueprints.checkout.forms import PayForm, product_id_in
from blueprints.checkout.stripe_steps import give_up, go_to_stripe
from domain.base import clock
from domain.cart import contents
from domain.catalog import kinds
from domain.commerce import baskets, checkout, checkout_refusals, review
from domain.commerce.baskets import Basket
from models import db
from payments import PaymentUnavailable
from web import coupon_cookie, hypermedia
from web.actions import Attempt


@bp.post("/checkout/cart")
def cart() -> Response:
    """Take what is free in the cart at once, and lead to the review of the rest."""
    with Attempt() as attempt:
        taken = contents.take_free(current_user)
        if taken:
            attempt.say(f"{len(taken)} free {'product is' if len(taken) == 1 else 'products are'} yours now.")
    if not baskets.of_cart(current_user).wanted:
        return redirect(url_for("learn.my_learning" if taken else "cart.index"), 303)
    return redirect(url_for("checkout.review_order"), 303)


@bp.get("/checkout/review")
def review_order() -> Response:
    """Show the review of the cart, or of one product (`?product=`)."""
    basket = _basket(request.args.get("product", baskets.CART))
    if (product := basket.product) and (
        sentence := kinds.kind_of(product).held(current_user, product, clock.now())
    ):
        hypermedia.toast(sentence, "info")
        return redirect(kinds.entrance(product).path, 303)
    if not basket.wanted:
        return redirect(url_for("cart.index"), 303)
    return _show(basket, PayForm())


@bp.post("/checkout/review")
def pay() -> Response:
    """Redirect to Stripe's page, or show the review again with what is missing or has changed."""
    form = PayForm()
    basket = _basket(form.product.data or "")
    form.validate()
    try:
        with Attempt(form) as attempt:
            for _ in range(checkout.ROUNDS):
                if answer := go_to_stripe(basket, form.seen, form.given):
                    return answer
                basket = _basket(form.product.data or "")
                if not basket.wanted:
                    return redirect(url_for("orders.index"), 303)
            raise give_up()
    except PaymentUnavailable:
        db.session.rollback()
        return _show(_basket(form.product.data or ""), form, 503, unavailable=True)
    changed = isinstance(attempt.refusal, checkout_refusals.Unseen)
    return _show(_basket(form.product.data or ""), form, 409 if changed else 422, changed=changed)


def _basket(product: str) -> Basket:
    """Make the basket that a page or a form names: the cart's, or a product's by its id; 404 for others."""
    if product == baskets.CART:
        return baskets.of_cart(current_user, coupon_cookie.kept())
    product_id = product_id_in(product) or abort(404)
    return baskets.of_product(baskets.product_on_offer(product_id) or abort(404), coupon_cookie.kept())


def _show(
    basket: Basket,
    form: PayForm,
    status: int = 200,
    *,
    changed: bool = False,
    unavailable: bool = False,
) -> Response:
    """Show the page; `changed`: the total is another than the buyer saw, `unavailable`: Stripe is."""
    if not basket.wanted:
        return redirect(url_for("cart.index"), 303)
    shown = review.load(current_user, basket)
    return hypermedia.render(
        "checkout/review.html", status=status, form=form, review=shown, changed=changed,
        unavailable=unavailable,
    )  # fmt: skip

"""Route of "Buy now": creates an order and a Checkout Session and redirects to Stripe."""

from flask import abort, current_app, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.checkout import bp
from blueprints.checkout.forms import BuyForm
from domain import Refused
from domain.base import clock
from domain.catalog import availability
from domain.catalog.availability import Offer
from domain.commerce import checkout
from domain.learning import access
from models import Product, db
from payments import PaymentRefused, PaymentUnavailable
from web import hypermedia
from web.actions import Attempt


@bp.post("/checkout")
def start() -> Response:
    """Redirect to Stripe, or to the course if it is open to them already, or explain the refusal."""
    form = BuyForm()
    if not form.validate() or form.product_id is None:
        abort(404)
    course = checkout.product_on_offer(form.product_id) or abort(404)
    try:
        with Attempt(silent=True) as attempt:
            return _go_to_stripe(course)
    except PaymentUnavailable:
        db.session.rollback()
        course = checkout.product_on_offer(form.product_id) or abort(404)
        return hypermedia.render("checkout/unavailable.html", status=503, course=course)
    return _refused(course, attempt)


def _go_to_stripe(course: Product) -> Response:
    """Take the steps of `checkout`, each in a transaction of its own: none is open while Stripe is asked."""
    for _ in range(checkout.ROUNDS):
        if sentence := _has_already(course):
            hypermedia.toast(sentence, "info")
            return hypermedia.leave(url_for("learn.course", course_slug=course.slug))
        plan = checkout.start_order(current_user, course, _address("success"), _address("cancelled"))
        db.session.commit()
        if plan.waits:
            return hypermedia.leave(url_for("orders.show", number=plan.number))
        try:
            session = checkout.fetch_session(plan)
        except PaymentRefused as refusal:
            checkout.close_order(plan, str(refusal))
            db.session.commit()
            raise Refused("This course can’t be bought right now. We’ve been notified.") from refusal
        page = checkout.record_session(plan, session)
        db.session.commit()
        if page is not None:
            return hypermedia.leave(page)
    raise PaymentUnavailable("The order kept changing.")


def _has_already(course: Product) -> str | None:
    """Say in a sentence why the visitor needn't pay to open `course`; None if they have to."""
    now = clock.now()
    if access.owns(current_user, course):
        return availability.ALREADY_OWNED
    offer = availability.offer_to(
        current_user, course, owned=False, price_cents=course.price_at(now), moment=now
    )
    return availability.EVERY_COURSE if offer == Offer.FREE_ACCESS else None


def _refused(course: Product, attempt: Attempt) -> Response:
    waits = isinstance(attempt.refusal, checkout.NotVerified)
    page = "checkout/verify.html" if waits else "checkout/refused.html"
    is_free = isinstance(attempt.refusal, checkout.FreeCourse)
    return hypermedia.render(page, status=422, course=course, sentence=attempt.sentence, is_free=is_free)


def _address(page: str) -> str:
    """Build a return URL for Stripe; {CHECKOUT_SESSION_ID} and {ORDER} are placeholders filled in later."""
    base = current_app.config["SETTINGS"].base_url
    query = "session_id={CHECKOUT_SESSION_ID}" if page == "success" else "order={ORDER}"
    return f"{base}{url_for(f'checkout.{page}')}?{query}"

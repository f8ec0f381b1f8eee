"""Routes of a bundle's page, and of taking one that costs nothing."""

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from blueprints.bundles import bp
from blueprints.bundles.linked_data import json_ld
from domain.bundles import taking
from domain.catalog import kinds
from domain.community import review_list
from domain.pages import bundle_page, discount_note
from domain.pages.bundle_page import BundleOffer, BundlePage
from domain.pages.discount_note import DiscountNote
from models import Bundle, User
from web import cart_cookie, coupon_cookie, hypermedia, signed_in, visitor
from web.actions import Attempt
from web.etags import with_etag
from web.forms import ButtonForm


@bp.get("/bundles/<slug>")
def show(slug: str) -> Response:
    """Show the bundle's page; a former slug redirects (301) to the current one.

    A swap renders the reviews only, in another order or another page of them.
    """
    reader = signed_in.reader()
    page = bundle_page.load(slug, reader) or abort(404)
    if page.bundle.slug != slug:
        return redirect(url_for("bundles.show", slug=page.bundle.slug), 301)
    if not hypermedia.is_swap():
        visitor.record_bundle_view(page.bundle)
    reviews = review_list.load(page.bundle.id, reader, request.args)
    response = hypermedia.render(
        "bundles/show.html",
        "reviews/section.oob.html",
        bundle_page=page,
        product=page.bundle,
        reviews=reviews,
        linked_data=json_ld(page),
        discount_note=_discount_note(page, reader),
        in_cart=page.bundle.id in cart_cookie.product_ids(),
        can_review=page.offer == BundleOffer.HELD,
        focus="list" if "reviews_page" in request.args else None,
    )
    return with_etag(response)


def _discount_note(page: BundlePage, reader: User | None) -> DiscountNote | None:
    if page.offer != BundleOffer.BUY:
        return None
    bundle = page.bundle
    return discount_note.load(reader, bundle, page.to_pay_cents, bundle.currency, coupon_cookie.kept())


@bp.post("/bundles/<slug>/take")
def take(slug: str) -> Response:
    """Give the reader the courses that cost nothing; who is signed out signs in first."""
    here = url_for("bundles.show", slug=slug)
    reader = signed_in.reader()
    if reader is None:
        return redirect(url_for("auth.login", next=here), 303)
    product = kinds.product_at(reader, slug)
    if not isinstance(product, Bundle):
        abort(404)
    form = ButtonForm()
    if form.validate_on_submit():
        with Attempt() as attempt:
            taking.take_free(reader, product)
            attempt.say("These courses are yours now.")
    return hypermedia.leave(here)

"""Route of the course page."""

from flask import abort, redirect, request, url_for
from werkzeug.wrappers import Response

from blueprints.catalog import bp, fragments, linked_data
from domain.catalog.availability import Offer
from domain.catalog.index import facets
from domain.community import review_list
from domain.pages import course_page, discount_note
from domain.pages.course_page import CoursePage
from domain.pages.discount_note import DiscountNote
from domain.platform.event_registry import EventName
from models import User
from web import cart_cookie, coupon_cookie, cover_image, hypermedia, signed_in, visitor
from web.etags import with_etag


@bp.get("/courses/<slug>")
def course(slug: str) -> Response:
    """Show the course page; a former slug redirects (301) to the current one.

    A swap renders the reviews only, in another order or another page of them.
    """
    user = signed_in.reader()
    page = course_page.load(slug, user, preview="preview" in request.args)
    if page is None:
        return _moved(slug)
    if not (hypermedia.is_swap() or page.is_preview):
        visitor.record(EventName.CONTENT_VIEW, page.row.id, page.row.creator_id, kind="course")
    reviews = review_list.load(page.row.id, user, request.args)
    response = hypermedia.render(
        "catalog/course.html",
        "reviews/section.oob.html",
        course_page=page,
        course=page.row,
        product=page.row,
        language=facets.language_name(page.row.language),
        is_unlisted=not page.is_listed,
        linked_data=linked_data.json_ld(page, reviews),
        share_image=linked_data.image(page.row),
        reviews=reviews,
        owned={} if hypermedia.is_swap() else fragments.owned_by_reader(page.related),
        in_cart=page.row.id in cart_cookie.product_ids(),
        discount_note=_discount_note(page, user),
        can_review=page.offer == Offer.CONTINUE and page.row.deleted_at is None,
        focus="list" if "reviews_page" in request.args else None,
    )
    hypermedia.show_address(response, url_for("catalog.course", slug=page.row.slug) + reviews.place, typed="")
    return with_etag(response)


@bp.get("/courses/<slug>/cover.png")
def cover(slug: str) -> Response:
    """Serve the generated cover with the title, for previews of shared links."""
    page = course_page.load(slug, None)
    if page is None or page.is_hidden:
        abort(404)
    row = page.row
    response = Response(cover_image.draw(row.slug, row.category_slug, row.title), mimetype="image/png")
    response.headers["Cache-Control"] = "public, max-age=86400"
    return response


def _discount_note(page: CoursePage, user: User | None) -> DiscountNote | None:
    """Say what a discount saves the reader, where the course can be bought.

    Most shops have no automatic coupon, and most readers no code: they ask no more.
    """
    row, code = page.row, coupon_cookie.kept()
    if page.offer != Offer.BUY or page.is_preview or not (code or row.has_automatic_coupons):
        return None
    return discount_note.load(user, row, row.price_now_cents, row.currency, code)


def _moved(slug: str) -> Response:
    present = course_page.moved_to(slug)
    if present is None:
        abort(404)
    return redirect(present, code=301)

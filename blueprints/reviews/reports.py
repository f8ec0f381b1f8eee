"""Routes to report a review, or the creator's reply to it."""

import uuid
from collections.abc import Callable

from flask import abort
from werkzeug.wrappers import Response

from blueprints.reviews import bp, page_of, place, refuse, show_again
from blueprints.reviews.forms import ReportForm
from domain.community import reply_reports, reviews
from models import Product, ReportReason, Review
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me


@bp.route("/reviews/<uuid:review_id>/report", methods=["GET", "POST"])
def report(review_id: uuid.UUID) -> Response:
    """Show the report form; sent, the review goes to the moderation queue."""
    review, product = reviews.find(me(), review_id)
    if review.user_id == me().id:
        return refuse(product, "This is your own review. You can edit or delete it.")

    def verb(reason: ReportReason, note: str) -> str:
        reviews.report(me(), review, reason, note)
        return _thanks(review)

    return _report(review, product, ReportForm(review.id), verb)


@bp.route("/reviews/<uuid:review_id>/reply/report", methods=["GET", "POST"])
def report_reply(review_id: uuid.UUID) -> Response:
    """Show the report form; sent, the creator's reply goes to the moderation queue."""
    review, product = reviews.find(me(), review_id)
    if not review.reply or (review.reply_hidden and not me().is_admin):
        abort(404)
    if product.creator_id == me().id:
        return refuse(product, "This is your own reply. You can edit or delete it in the studio.")

    def verb(reason: ReportReason, note: str) -> str:
        reply_reports.report(me(), review, product, reason, note)
        if review.reply_hidden:
            return "Thanks. The reply is hidden until we’ve looked at it."
        return "Thanks. We’ll look into this reply and let you know what we decide."

    return _report(review, product, ReportForm(review.id, of_reply=True), verb)


def _report(
    review: Review, product: Product, form: ReportForm, verb: Callable[[ReportReason, str], str]
) -> Response:
    """Show the form; sent, call `verb`, which says what happens now."""
    review_id = review.id
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            attempt.say(verb(ReportReason(form.reason.data), form.note.data or ""))
        if attempt.refusal is None:
            return show_again(product, focus="list")
        review, product = reviews.find(me(), review_id)
    return hypermedia.render(
        "reviews/report.html",
        "reviews/_report.html",
        status=form.status,
        review=review,
        product=product,
        form=form,
        place=place(),
        back=page_of(product),
        of_reply=form.of_reply,
    )


def _thanks(review: Review) -> str:
    if review.approved:
        return "Thanks. We’ve checked this review before, so it stays visible while we look into your report."
    if reviews.is_hidden(review):
        return "Thanks. The review is hidden until we’ve looked at it."
    return "Thanks. We’ll look into this review and let you know what we decide."

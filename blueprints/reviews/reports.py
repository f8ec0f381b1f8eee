"""Routes to report a review, or the creator's reply to it."""

import uuid

from flask import abort
from werkzeug.wrappers import Response

from blueprints.reviews import bp, page_of, place, reader, refuse, show_again
from blueprints.reviews.forms import ReportForm
from domain import Refused
from domain.community import reply_reports, reviews
from models import ReportReason, Review, db
from web import hypermedia

WILL_LOOK = "Thanks. We’ll look into this reply and let you know what we decide."
HIDDEN_MEANWHILE = "Thanks. The reply is hidden until we’ve looked at it."


@bp.route("/reviews/<uuid:review_id>/report", methods=["GET", "POST"])
def report(review_id: uuid.UUID) -> Response:
    """Show the report form; sent, the review goes to the moderation queue."""
    review, course = reviews.find(reader(), review_id)
    if review.user_id == reader().id:
        return refuse(course, "This is your own review. You can edit or delete it.")
    form = ReportForm(review.id)
    if form.validate_on_submit():
        try:
            reviews.report(reader(), review, ReportReason(form.reason.data), form.note.data or "")
        except Refused as refusal:
            form.refuse(refusal)
        else:
            said = _thanks(review)
            db.session.commit()
            hypermedia.toast(said)
            return show_again(course, focus="list")
    return hypermedia.render(
        "reviews/report.html",
        "reviews/_report.html",
        status=form.status,
        review=review,
        course=course,
        form=form,
        place=place(),
        back=page_of(course),
        of_reply=False,
    )


@bp.route("/reviews/<uuid:review_id>/reply/report", methods=["GET", "POST"])
def report_reply(review_id: uuid.UUID) -> Response:
    """Show the report form; sent, the creator's reply goes to the moderation queue."""
    review, course = reviews.find(reader(), review_id)
    if not review.reply or (review.reply_hidden and not reader().is_admin):
        abort(404)
    if course.creator_id == reader().id:
        return refuse(course, "This is your own reply. You can edit or delete it in the studio.")
    form = ReportForm(review.id, of_reply=True)
    if form.validate_on_submit():
        try:
            reason = ReportReason(form.reason.data)
            reply_reports.report(reader(), review, course, reason, form.note.data or "")
        except Refused as refusal:
            form.refuse(refusal)
        else:
            hidden = review.reply_hidden
            db.session.commit()
            hypermedia.toast(HIDDEN_MEANWHILE if hidden else WILL_LOOK)
            return show_again(course, focus="list")
    return hypermedia.render(
        "reviews/report.html",
        "reviews/_report.html",
        status=form.status,
        review=review,
        course=course,
        form=form,
        place=place(),
        back=page_of(course),
        of_reply=True,
    )


def _thanks(review: Review) -> str:
    if review.approved:
        return "Thanks. We’ve checked this review before, so it stays visible while we look into your report."
    if review.flagged:
        return "Thanks. The review is hidden until we’ve looked at it."
    return "Thanks. We’ll look into this review and let you know what we decide."

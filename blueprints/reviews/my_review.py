"""Routes of the reader's own review: write, change and delete it."""

from flask import abort, request
from werkzeug.wrappers import Response

from blueprints.reviews import bp, page_of, place, refuse, show_again
from blueprints.reviews.forms import ReviewForm
from domain.community import reviews
from domain.learning import access
from models import Course, Review, db
from web import hypermedia
from web.actions import Attempt
from web.forms import ButtonForm
from web.signed_in import me

ONLY_OWNERS = "Only people who own this course can review it."
NOT_THE_CREATOR = "You can’t review your own course."


@bp.route("/courses/<slug>/review", methods=["GET", "POST"])
def write(slug: str) -> Response:
    """Show and save the reader's review."""
    course, _ = access.course_for_learner(me(), slug)
    if course.deleted_at is not None:
        abort(404)  # owners keep a deleted course, but it has no page that could show their review
    if not reviews.may_review(me(), course):
        return refuse(course, NOT_THE_CREATOR if course.creator_id == me().id else ONLY_OWNERS)
    if request.method == "POST":
        reviews.lock_reviews(course.id)
    before = reviews.own_review(me(), course)
    form = ReviewForm(obj=before)
    if not form.validate_on_submit():
        return hypermedia.render(
            "reviews/write.html",
            "reviews/_form.html",
            status=form.status,
            course=course,
            form=form,
            is_new=before is None,
            place=place(),
            back=page_of(course),
        )
    return _save(course, form, is_new=before is None)


def _save(course: Course, form: ReviewForm, is_new: bool) -> Response:
    with Attempt(silent=True) as attempt:
        review = reviews.write(me(), course, int(form.rating.data or 0), form.comment.data or "")
        attempt.say(_thanks(review, is_new))
    if attempt.refusal is not None:
        return refuse(course, attempt.sentence)
    return show_again(course, focus="own")


def _thanks(review: Review, is_new: bool) -> str:
    if reviews.is_hidden(review):
        return "Saved. Your review stays hidden until we’ve checked it."
    return "Thanks. Your review is published." if is_new else "Your review is updated."


@bp.route("/courses/<slug>/review/delete", methods=["GET", "POST"])
def remove(slug: str) -> Response:
    """Confirm, then delete the review; this is possible even without access to the course any more."""
    course, _ = access.course_for_learner(me(), slug)
    before = reviews.own_review(me(), course)
    form = ButtonForm()
    if before is not None and not form.validate_on_submit():
        return hypermedia.render(
            "reviews/delete.html",
            "reviews/_delete.html",
            status=form.status,
            course=course,
            place=place(),
            back=page_of(course),
        )
    if before is not None and reviews.withdraw(me(), course):
        db.session.commit()
        hypermedia.toast("Your review is deleted.")
    return show_again(course, focus="own")

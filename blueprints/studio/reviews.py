"""Routes of the reviews on the creator's courses, and of the creator's replies."""

import uuid
from enum import StrEnum

from flask import request, url_for
from werkzeug.wrappers import Response
from wtforms import TextAreaField
from wtforms.validators import DataRequired, Length

from blueprints.studio import bp
from domain.analytics import students
from domain.community import review_replies
from domain.community.review_replies import MAX_REPLY
from domain.community.reviews import lock_review
from models import Product, Review
from web import hypermedia, query_args
from web.actions import Attempt
from web.forms import paragraphs
from web.merging import MergingForm
from web.signed_in import me

WAITS = "Your reply is saved. It’s hidden until we’ve checked it."


class Stars(StrEnum):
    """A rating that the list can be filtered by."""

    ONE = "1"
    TWO = "2"
    THREE = "3"
    FOUR = "4"
    FIVE = "5"


class ReplyForm(MergingForm):
    """The creator's reply. Ids are unique, since a page may show several."""

    def __init__(self, review: Review) -> None:
        super().__init__(obj=review)
        self.reply.id = f"answer-{review.id.hex}"

    reply = TextAreaField(
        "Your reply",
        [
            DataRequired("Write a reply."),
            Length(max=MAX_REPLY, message=f"Use at most {MAX_REPLY:,} characters."),
        ],
        filters=[paragraphs],
    )


@bp.get("/reviews")
def reviews() -> Response:
    """List the reviews, newest first, filtered by course, rating or missing reply."""
    course_id, stars = query_args.id_arg("course"), query_args.choice_arg("rating", Stars, None)
    rating = int(stars) if stars else None
    unanswered = bool(query_args.text_arg("unanswered"))
    return hypermedia.render(
        "studio/reviews.html",
        "studio/_reviews.html",
        listing=review_replies.load(me(), course_id, rating, unanswered, query_args.text_arg("after")),
        courses=students.courses_of(me()),
        course_id=course_id,
        rating=rating,
        unanswered=unanswered,
        is_first=not query_args.text_arg("after"),
    )


@bp.route("/reviews/<uuid:review_id>/reply", methods=["GET", "POST"])
def reply(review_id: uuid.UUID) -> Response:
    """Show and save the reply to a review."""
    review, product = review_replies.find(me(), review_id)
    if request.method == "POST":
        lock_review(review)
    form = ReplyForm(review)
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            review_replies.save_reply(me(), review, product, form.reply.data or "")
            attempt.say(WAITS if review.reply_hidden else "Your reply is published.")
        if attempt.refusal is None:
            return _show(review_id)
        review, product = review_replies.find(me(), review_id)
    return hypermedia.render(
        "studio/reply.html",
        "studio/_reply_form.html",
        status=form.status,
        review=review,
        product=product,
        form=form,
        back=_list(review, product),
    )


@bp.post("/reviews/<uuid:review_id>/reply/delete")
def delete_reply(review_id: uuid.UUID) -> Response:
    """Delete the reply."""
    review, product = review_replies.find(me(), review_id)
    with Attempt() as attempt:
        review_replies.delete_reply(me(), review)
        attempt.say("Your reply is deleted.")
    return _show(review_id)


def _show(review_id: uuid.UUID) -> Response:
    review, product = review_replies.find(me(), review_id)
    if not hypermedia.is_swap():
        return hypermedia.see_other(_list(review, product))
    return hypermedia.render("studio/_reply.html", "studio/_reply.html", review=review)


def _list(review: Review, product: Product) -> str:
    return f"{url_for('studio.reviews', course=product.id)}#{hypermedia.dom_id(review)}"

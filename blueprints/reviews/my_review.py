"""Routes of the reader's own review: write, change and delete it."""

from flask import abort, request
from werkzeug.wrappers import Response

from blueprints.reviews import bp, page_of, place, refuse, show_again
from blueprints.reviews.forms import ReviewForm
from domain.catalog import kinds
from domain.community import reviews
from models import Product, Review, db
from web import hypermedia
from web.actions import Attempt
from web.forms import ButtonForm
from web.signed_in import me


@bp.route("/courses/<slug>/review", methods=["GET", "POST"])
def write(slug: str) -> Response:
    """Show and save the reader's review."""
    product = kinds.product_at(me(), slug)
    if product.deleted_at is not None:
        abort(404)  # owners keep a deleted product, but it has no page that could show their review
    if not reviews.may_review(me(), product):
        return refuse(product, _why_not(product))
    if request.method == "POST":
        reviews.lock_reviews(product.id)
    before = reviews.own_review(me(), product)
    form = ReviewForm(obj=before)
    if not form.validate_on_submit():
        return hypermedia.render(
            "reviews/write.html",
            "reviews/_form.html",
            status=form.status,
            product=product,
            form=form,
            is_new=before is None,
            place=place(),
            back=page_of(product),
        )
    return _save(product, form, is_new=before is None)


def _why_not(product: Product) -> str:
    if product.creator_id == me().id:
        return f"You can’t review your own {kinds.noun(product)}."
    return reviews.only_owners(product)


def _save(product: Product, form: ReviewForm, is_new: bool) -> Response:
    with Attempt(silent=True) as attempt:
        review = reviews.write(me(), product, int(form.rating.data or 0), form.comment.data or "")
        attempt.say(_thanks(review, is_new))
    if attempt.refusal is not None:
        return refuse(product, attempt.sentence)
    return show_again(product, focus="own")


def _thanks(review: Review, is_new: bool) -> str:
    if reviews.is_hidden(review):
        return "Saved. Your review stays hidden until we’ve checked it."
    return "Thanks. Your review is published." if is_new else "Your review is updated."


@bp.route("/courses/<slug>/review/delete", methods=["GET", "POST"])
def remove(slug: str) -> Response:
    """Confirm, then delete the review; this is possible even without access to the product any more."""
    product = kinds.product_at(me(), slug)
    before = reviews.own_review(me(), product)
    form = ButtonForm()
    if before is not None and not form.validate_on_submit():
        return hypermedia.render(
            "reviews/delete.html",
            "reviews/_delete.html",
            status=form.status,
            product=product,
            place=place(),
            back=page_of(product),
        )
    if before is not None and reviews.withdraw(me(), product):
        db.session.commit()
        hypermedia.toast("Your review is deleted.")
    return show_again(product, focus="own")

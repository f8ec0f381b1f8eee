"""Route of the helpful vote on somebody else's review."""

import uuid

from werkzeug.wrappers import Response

from blueprints.reviews import bp, page_of, place, refuse
from blueprints.reviews.forms import VoteForm
from domain.community import reviews
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me


@bp.post("/reviews/<uuid:review_id>/helpful")
def helpful(review_id: uuid.UUID) -> Response:
    """Set or withdraw the reader's helpful vote."""
    review, product = reviews.find(me(), review_id)
    form = VoteForm()
    back = page_of(product, hypermedia.dom_id(review))
    with Attempt(silent=True) as attempt:
        reviews.vote(me(), review, form.helpful.data)
    if attempt.refusal is not None:
        return refuse(product, attempt.sentence)
    if not hypermedia.is_swap():
        return hypermedia.see_other(back)
    review, product = reviews.find(me(), review_id)
    return hypermedia.render(
        "reviews/_votes.html",
        "reviews/_votes.html",
        review=review,
        voted=form.helpful.data,
        place=place(),
    )

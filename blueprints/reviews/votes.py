"""Route of the helpful vote on somebody else's review."""

import uuid

from werkzeug.wrappers import Response

from blueprints.reviews import bp, page_of, place, reader, refuse
from blueprints.reviews.forms import VoteForm
from domain import Refused
from domain.community import reviews
from models import db
from web import hypermedia


@bp.post("/reviews/<uuid:review_id>/helpful")
def helpful(review_id: uuid.UUID) -> Response:
    """Set or withdraw the reader's helpful vote."""
    review, course = reviews.find(reader(), review_id)
    form = VoteForm()
    form.validate_on_submit()
    try:
        reviews.vote(reader(), review, form.helpful.data)
    except Refused as refusal:
        return refuse(course, refusal.sentence)
    back = page_of(course, hypermedia.dom_id(review))
    db.session.commit()
    if not hypermedia.is_swap():
        return hypermedia.see_other(back)
    review, course = reviews.find(reader(), review_id)
    return hypermedia.render(
        "reviews/_votes.html",
        "reviews/_votes.html",
        review=review,
        voted=form.helpful.data,
        place=place(),
    )

"""Routes to put a course on the wishlist from its page, and to remove it."""

from flask import url_for
from werkzeug.wrappers import Response

from blueprints.wishlist import bp
from blueprints.wishlist.forms import WishForm
from domain.commerce import wishlist
from domain.learning import access
from models import Course
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me


@bp.get("/courses/<slug>/wish")
def ask(slug: str) -> Response:
    """Show one button, for visitors who pressed the heart and have just signed in, or why there is none."""
    course, _ = access.course_for_learner(me(), slug)
    refusal = wishlist.refusal(me(), course)
    return hypermedia.render("wishlist/ask.html", course=course, form=WishForm(), refusal=refusal)


@bp.post("/courses/<slug>/wish")
def wish(slug: str) -> Response:
    """Put the course on the wishlist, or remove it."""
    course, _ = access.course_for_learner(me(), slug)
    form = WishForm()
    if not form.validate_on_submit():
        return hypermedia.render(
            "wishlist/ask.html", status=form.status, course=course, form=form, refusal=None
        )
    wished = form.wished.data
    slug = course.slug
    with Attempt() as attempt:
        _set_wished(course, wished)
    if attempt.refusal is not None:
        return hypermedia.leave(url_for("catalog.course", slug=slug))
    if hypermedia.is_swap():
        return hypermedia.render(
            "wishlist/_heart.html", "wishlist/_heart.html", slug=slug, is_wished=wished, focus=True
        )
    hypermedia.toast("Added to your wishlist." if wished else "Removed from your wishlist.")
    return hypermedia.see_other(url_for("catalog.course", slug=slug))


def _set_wished(course: Course, wished: bool) -> None:
    if wished:
        wishlist.add(me(), course)
    else:
        wishlist.remove(me().id, course.id)

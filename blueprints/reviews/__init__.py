"""Reviews: writing one's own, and what others think of it. They are read on the page of their course."""

from urllib.parse import urlencode

from flask import Blueprint, abort, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from domain.community import review_list
from domain.community import reviews as rules
from models import Course, User
from web import guards, hypermedia

reviews = guards.signed_in(Blueprint("reviews", __name__))


def reader() -> User:
    """Whoever is signed in."""
    user: User = current_user._get_current_object()
    return user


def place() -> str:
    """The query that leads back to the order and page of reviews that the reader came from."""
    names = ("reviews_sort", "reviews_page")
    given = {name: request.args[name][:20] for name in names if name in request.args}
    return f"?{urlencode(given)}" if given else ""


def page_of(course: Course, anchor: str = "reviews") -> str:
    """The address of the course's page, at its reviews as the reader had them."""
    return f"{url_for('catalog.course', slug=course.slug)}{place()}#{anchor}"


def show_again(course: Course, focus: str | None = None) -> Response:
    """The course's reviews as they stand now, in place or on their page; `focus` says where to look."""
    if not hypermedia.is_swap():
        return hypermedia.see_other(page_of(course))
    return hypermedia.render(
        "reviews/_section.html",
        "reviews/section.oob.html",
        course=course,
        board=review_list.load(course.id, reader(), request.args),
        can_review=rules.may_review(reader(), course),
        focus=focus,
    )


def refuse(course: Course, sentence: str) -> Response:
    """Say why not (403), on a page of its own or with a toast beside the reviews."""
    if not hypermedia.is_swap():
        return hypermedia.render("reviews/refused.html", status=403, course=course, sentence=sentence)
    hypermedia.toast(sentence, "warn")
    answer = show_again(course)
    answer.status_code = 403
    return answer


@reviews.url_value_preprocessor
def refuse_unreadable(_endpoint: str | None, values: dict[str, object] | None) -> None:
    """No address of ours holds a NUL, and PostgreSQL can't be asked for one."""
    if any("\x00" in str(value) for value in (values or {}).values()):
        abort(404)


from blueprints.reviews import course_reports, others, own  # noqa: E402,F401

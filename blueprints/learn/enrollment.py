"""Enrollment in a free course."""

from flask import url_for
from werkzeug.wrappers import Response

from blueprints.learn import bp
from domain.catalog import kinds
from domain.learning import access, enrollment
from web import guards, hypermedia
from web.actions import Attempt
from web.signed_in import reader


@bp.post("/learn/<course_slug>/enroll")
def enroll(course_slug: str) -> Response:
    """Enroll the reader and open the course; a course that isn't free leads back to its page."""
    user = reader()
    course, _decision = access.course_for_learner(user, course_slug)
    if user is None:
        return guards.ask_to_sign_in() or hypermedia.leave(url_for("learn.my_learning"))
    with Attempt() as attempt:
        enrollment.enroll_free(user, course)
        if lock := kinds.kind_of(course).lock(user, course):
            attempt.say(lock.sentence, "info")
            return hypermedia.leave(url_for("catalog.course", slug=course.slug))
        return hypermedia.leave(url_for("learn.course", course_slug=course.slug))
    return hypermedia.leave(url_for("catalog.course", slug=course.slug))

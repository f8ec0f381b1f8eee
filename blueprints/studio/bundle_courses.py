"""Routes of the courses of a bundle: found, added, moved, taken out."""

import uuid
from collections.abc import Callable

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.bundle_editor import HOME, bundle_of
from blueprints.studio.bundle_forms import AddCourseForm
from blueprints.studio.lesson_forms import PositionForm
from domain.bundles import editing, growing
from domain.bundles.editing import NotInBundle
from models import Bundle
from web import hypermedia
from web.actions import Attempt
from web.query_args import text_arg
from web.signed_in import me

COURSES = f"{HOME}/courses"


@bp.get(COURSES)
def bundle_courses(bundle_id: uuid.UUID) -> Response:
    """List the courses of the bundle in their order, and those that can be added."""
    return _show(bundle_of(bundle_id))


@bp.post(COURSES)
def add_to_bundle(bundle_id: uuid.UUID) -> Response:
    """Add a course at the end."""
    edited, form = bundle_of(bundle_id), AddCourseForm()
    course_id = form.course_id()
    if course_id is None:
        abort(422)
    return _change(edited, lambda: _added(edited, course_id, form.reaches_buyers))


@bp.post(f"{COURSES}/<uuid:course_id>/move")
def move_in_bundle(bundle_id: uuid.UUID, course_id: uuid.UUID) -> Response:
    """Move a course among the others."""
    edited, place = bundle_of(bundle_id), PositionForm().place()
    if place is None:
        abort(422)
    return _change(edited, lambda: f"“{editing.move(edited, me(), course_id, place[0].id).title}” is moved.")


@bp.post(f"{COURSES}/<uuid:course_id>/remove")
def remove_from_bundle(bundle_id: uuid.UUID, course_id: uuid.UUID) -> Response:
    """Take a course out; nobody loses it."""
    edited = bundle_of(bundle_id)
    return _change(edited, lambda: f"“{editing.remove(edited, me(), course_id).title}” is taken out.")


def _added(edited: Bundle, course_id: uuid.UUID, for_buyers: bool) -> str:
    course = editing.add(edited, me(), course_id, for_buyers)
    if course.creator_id not in (edited.creator_id, me().id):
        return f"We’ve asked the creator of “{course.title}”. It counts once they agree."
    return f"“{course.title}” is added."


def _change(edited: Bundle, verb: Callable[[], str]) -> Response:
    """Call `verb`, commit and show the courses, with what it says or the reason of a refusal."""
    bundle_id = edited.id
    with Attempt(silent=True) as attempt:
        attempt.say(verb())
    if attempt.refusal is not None:
        status = 404 if isinstance(attempt.refusal, NotInBundle) else 422
        return _show(bundle_of(bundle_id), status, attempt.sentence)
    if not hypermedia.is_swap():
        return hypermedia.see_other(url_for("studio.bundle_courses", bundle_id=bundle_id))
    return _show(bundle_of(bundle_id))


def _show(edited: Bundle, status: int = 200, trouble: str = "") -> Response:
    sought = text_arg("find") if request.method == "GET" else ""
    return hypermedia.render(
        "studio/bundle/courses.html",
        "studio/bundle/_courses.html",
        status=status,
        bundle=edited,
        chosen=editing.chosen(edited),
        found=editing.find(edited, me(), sought),
        sought=sought,
        is_sold=growing.is_sold(edited),
        trouble=trouble,
    )

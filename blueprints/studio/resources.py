"""Routes of a lesson's resources: links added, everything renamed, moved and deleted."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import abort, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.lesson_forms import LinkForm, PositionForm, RenameForm
from blueprints.studio.lessons import PLACE, editor, lesson_at, opened_lesson
from domain.authoring import resources
from domain.catalog import lifecycle
from models import Course, Lesson, db
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me


@bp.post(f"{PLACE}/resources")
def add_link(course_id: uuid.UUID, lesson_id: uuid.UUID) -> Response:
    """Add a link; files are added by the upload routes."""
    course, lesson = lesson_at(course_id, lesson_id)
    form = LinkForm()
    if not form.validate():
        return _show(course, lesson, form)
    return _change(
        course,
        lesson,
        lambda: resources.add_link(course, lesson, me(), form.title.data or "", form.url.data or ""),
        "The link is added.",
        form,
    )


@bp.post(f"{PLACE}/resources/<uuid:resource_id>/title")
def rename_resource(course_id: uuid.UUID, lesson_id: uuid.UUID, resource_id: uuid.UUID) -> Response:
    """Rename a resource."""
    course, lesson = opened_lesson(course_id, lesson_id)
    row = next((row for row in lesson.resources if row.id == resource_id), None)
    if row is None:
        return _show(course, lesson, trouble=resources.GONE)
    form = RenameForm(data={"title": row.proposed_title or row.title})
    if not form.validate():
        return _show(course, lesson, renamed=form, renamed_id=resource_id)
    title = form.title.data or ""
    later = " Learners see it once the update is approved." if lifecycle.needs_approval(course, me()) else ""
    return _change(
        course,
        lesson,
        lambda: resources.rename(course, lesson, me(), resource_id, title),
        f"Renamed.{later}",
    )


@bp.post(f"{PLACE}/resources/<uuid:resource_id>/move")
def move_resource(course_id: uuid.UUID, lesson_id: uuid.UUID, resource_id: uuid.UUID) -> Response:
    """Move a resource in the list."""
    course, lesson = lesson_at(course_id, lesson_id)
    form = PositionForm()
    place = form.place() if form.validate() else None
    if place is None:
        abort(400)
    after = place[0].id
    return _change(course, lesson, lambda: resources.move(course, lesson, me(), resource_id, after), "Moved.")


@bp.post(f"{PLACE}/resources/<uuid:resource_id>/delete")
def delete_resource(course_id: uuid.UUID, lesson_id: uuid.UUID, resource_id: uuid.UUID) -> Response:
    """Delete a resource."""
    course, lesson = lesson_at(course_id, lesson_id)
    return _change(course, lesson, lambda: resources.delete(course, lesson, me(), resource_id), "Deleted.")


def _change(
    course: Course, lesson: Lesson, verb: Callable[[], object], said: str, form: LinkForm | None = None
) -> Response:
    course_id, lesson_id = course.id, lesson.id
    with Attempt(form, silent=True) as attempt:
        verb()
        attempt.say(said)
    if (refusal := attempt.refusal) is not None:
        return _show(*lesson_at(course_id, lesson_id), form, "" if form else refusal.sentence)
    if not hypermedia.is_swap():
        place = url_for("studio.lesson", course_id=course_id, lesson_id=lesson_id, _anchor="resources")
        return hypermedia.see_other(place)
    db.session.expire_all()
    return _show(*lesson_at(course_id, lesson_id))


def _show(
    course: Course,
    lesson: Lesson,
    form: LinkForm | None = None,
    trouble: str = "",
    renamed: RenameForm | None = None,
    renamed_id: uuid.UUID | None = None,
) -> Response:
    """Render the list, as a fragment or on the page of the editor."""
    wrong = form or renamed
    status = wrong.status if wrong is not None else 404 if trouble else 200
    shown: dict[str, Any] = {
        "link": form or LinkForm(formdata=None),
        "trouble": trouble,
        "renamed": renamed,
        "renamed_id": renamed_id,
    }
    if not hypermedia.is_swap():
        return editor(course, lesson, status=status, **shown)
    fragment = "studio/lesson/_resources.html"
    return hypermedia.render(fragment, fragment, status=status, course=course, lesson=lesson, **shown)

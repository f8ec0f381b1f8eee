"""Routes for the ticked lessons of the curriculum: published, hidden, moved or deleted together."""

import uuid
from contextlib import suppress

from flask import url_for
from werkzeug.wrappers import Response
from wtforms import HiddenField, SelectMultipleField

from blueprints.studio import bp
from blueprints.studio.course_editor import course_of
from blueprints.studio.curriculum import HOME, change, show
from domain import Refused
from domain.authoring import curriculum, curriculum_bulk, curriculum_page
from domain.authoring.curriculum_bulk import BulkAction
from web import hypermedia
from web.forms import Form
from web.signed_in import me


class ChosenForm(Form):
    """The ticked lessons, what to do with them, and the module to move them to."""

    do = HiddenField("Action")
    lesson = SelectMultipleField("Lessons", choices=[], validate_choice=False)
    module = HiddenField("Module")
    sure = HiddenField("Confirmed")

    def action(self) -> BulkAction | None:
        """Parse the action; None if it is none of them."""
        asked = self.do.data or ""
        return BulkAction(asked) if asked in list(BulkAction) else None

    def lessons(self) -> list[uuid.UUID]:
        """Parse the ids of the lessons; what isn't an id is left out."""
        return _ids((self.lesson.data or [])[: curriculum.MOST_LESSONS])

    def target(self) -> uuid.UUID | None:
        """Parse the id of the module."""
        return next(iter(_ids([self.module.data or ""])), None)


SAID = {
    BulkAction.PUBLISH: "published",
    BulkAction.HIDE: "hidden",
    BulkAction.MOVE: "moved",
    BulkAction.DELETE: "deleted",
}


@bp.post(f"{HOME}/chosen")
def change_chosen(course_id: uuid.UUID) -> Response:
    """Change the ticked lessons; before they are deleted, ask with what will be lost."""
    course, form = course_of(course_id), ChosenForm()
    action, ids = form.action(), form.lessons()
    if action is None:
        return show(course, 422, trouble="Choose what to do with the lessons.")
    if action == BulkAction.DELETE and not form.sure.data:
        return _confirm(course_id, ids)
    return change(
        course,
        lambda: curriculum_bulk.change(course, ids, me(), action, form.target()),
        lambda count: f"{count} {'lesson is' if count == 1 else 'lessons are'} {SAID[action]}.",
    )


def _confirm(course_id: uuid.UUID, ids: list[uuid.UUID]) -> Response:
    course = course_of(course_id)
    try:
        chosen = curriculum_bulk.in_order(course, ids)
    except Refused as refusal:
        return show(course, 422, trouble=refusal.sentence)
    return hypermedia.render(
        "studio/curriculum/delete.html",
        course=course,
        title=f"{len(chosen)} {'lesson' if len(chosen) == 1 else 'lessons'}",
        losses=curriculum_page.deletion_impact(chosen),
        address=url_for(".change_chosen", course_id=course_id),
        chosen=chosen,
        titles=curriculum_page.titles(course, chosen),
        counted=curriculum_page.COUNTED,
    )


def _ids(texts: list[str]) -> list[uuid.UUID]:
    found = []
    for text in texts:
        with suppress(ValueError):
            found.append(uuid.UUID(text))
    return found

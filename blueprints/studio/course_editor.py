"""Shared parts of the course editor's pages: load the course, save the form, render the page."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from blueprints.studio.lesson_forms import DraftMarkForm
from domain.authoring import page_drafts
from domain.catalog import lifecycle
from domain.catalog.lifecycle import Authored
from domain.learning import access
from models import Course
from web import hypermedia
from web.actions import Attempt
from web.merging import MergingForm
from web.signed_in import me


def course_of(course_id: uuid.UUID) -> Course:
    """Load the course to edit; raises NotFound for somebody else's."""
    return access.course_for_creator(me(), course_id)


def opened(course_id: uuid.UUID) -> Course:
    """Load the course to edit; a POST locks it (SELECT FOR UPDATE) against a concurrent save."""
    course = course_of(course_id)
    if request.method == "POST":
        lifecycle.lock_and_reload(course)
    return course


def save(
    form: MergingForm, verb: Callable[[], None], said: Callable[[], str] = lambda: "Saved."
) -> Response | None:
    """Call `verb` and commit if the form was sent and is valid; None when the page has to be rendered.

    A refusal is shown beside its field.
    """
    if not form.validate_on_submit():
        return None
    with Attempt(form) as attempt:
        verb()
        attempt.say(said())
        return hypermedia.see_other(request.path)
    return None


def show(page: str, form: MergingForm, course_id: uuid.UUID, **more: Any) -> Response:
    """Render the page with its form, of the course as it is now."""
    course = course_of(course_id)
    return hypermedia.render(
        page, status=form.status, course=course, form=form, **pending_context(course), **more
    )


def pending_context(course: Authored) -> dict[str, Any]:
    """Tell the template whether page changes need approval, and list the pending ones."""
    waits = lifecycle.needs_approval(course, me())
    waiting = page_drafts.waiting(course) if waits else []
    form = DraftMarkForm(formdata=None, data={"draft": page_drafts.mark(course)}) if waiting else None
    return {"waits": waits, "waiting": waiting, "draft_mark": form}


def saved(course: Authored) -> str:
    """Choose the message after saving: pending approval or live."""
    waits = lifecycle.needs_approval(course, me()) and page_drafts.changed(course)
    return "Saved. Submit your changes to publish them." if waits else "Saved."

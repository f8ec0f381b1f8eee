"""What the pages of the course editor share: one course, one form, saved by itself or shown again."""

import uuid
from collections.abc import Callable
from typing import Any

from flask import request
from flask_login import current_user
from werkzeug.wrappers import Response

from domain import Refused
from domain.authoring import page_drafts
from domain.catalog import lifecycle
from domain.learning import access
from models import Course, User, db
from web import hypermedia
from web.merging import Merging


def me() -> User:
    """Whoever is at work."""
    user: User = current_user._get_current_object()
    return user


def course_of(course_id: uuid.UUID) -> Course:
    """The course to work on; raises NotFound for one that isn't theirs."""
    return access.course_for_creator(me(), course_id)


def opened(course_id: uuid.UUID) -> Course:
    """Load the course whose page is open; what is sent finds it held, so that nobody else saves meanwhile."""
    course = course_of(course_id)
    if request.method == "POST":
        lifecycle.hold_whole(course)
    return course


def save(
    form: Merging, verb: Callable[[], None], said: Callable[[], str] = lambda: "Saved."
) -> Response | None:
    """Call `verb` and commit where the form was sent and is right; None when the page is to be shown.

    What the verb refuses stands beside its field afterwards.
    """
    if not form.validate_on_submit():
        return None
    try:
        verb()
    except Refused as refusal:
        db.session.rollback()
        form.refuse(refusal)
        return None
    sentence = said()
    db.session.commit()
    hypermedia.toast(sentence)
    return hypermedia.see_other(request.path)


def show(page: str, form: Merging, course_id: uuid.UUID, **more: Any) -> Response:
    """The page with its form, of the course as it stands now."""
    course = course_of(course_id)
    return hypermedia.render(page, status=form.status, course=course, form=form, **about(course), **more)


def about(course: Course) -> dict[str, Any]:
    """Say whether changes to the page of `course` wait for approval, and what waits."""
    waits = lifecycle.waits(course, me())
    return {"waits": waits, "waiting": page_drafts.waiting(course) if waits else []}


def saved(course: Course) -> str:
    """Say what became of the words that were saved."""
    waits = lifecycle.waits(course, me()) and page_drafts.changed(course)
    return "Saved. Submit your changes to have them shown." if waits else "Saved."

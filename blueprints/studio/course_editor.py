"""Shared parts of the course editor's pages: load the course, render the page."""

import uuid
from typing import Any

from flask import request
from werkzeug.wrappers import Response

from blueprints.studio.product_editor import pending_context
from domain.catalog import lifecycle
from domain.learning import access
from models import Course
from web import hypermedia
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


def show(page: str, form: MergingForm, course_id: uuid.UUID, **more: Any) -> Response:
    """Render the page with its form, of the course as it is now."""
    course = course_of(course_id)
    return hypermedia.render(
        page, status=form.status, course=course, form=form, **pending_context(course), **more
    )

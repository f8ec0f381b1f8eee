"""Routes of a course's details and of its prerequisites."""

import uuid
from typing import Any

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.course_editor import course_of, opened, show
from blueprints.studio.course_forms import DetailsForm, PrerequisiteForm
from blueprints.studio.product_editor import save, saved
from domain.authoring import course_details
from domain.authoring.course_details import CourseDetails
from domain.catalog import tags
from domain.learning import prerequisites
from models import Course, Level, db
from web import hypermedia
from web.actions import Attempt
from web.forms import SwitchForm
from web.query_args import text_arg
from web.signed_in import me


@bp.route("/courses/<uuid:course_id>", methods=["GET", "POST"])
def details(course_id: uuid.UUID) -> Response:
    """Edit title, texts, category, tags and the other details."""
    course = opened(course_id)
    form = DetailsForm(data=_shown(course_details.details_of(course)))
    response = save(
        form, lambda: course_details.set_details(course, me(), _typed(form)), lambda: saved(course)
    )
    return response or show("studio/course/details.html", form, course_id, **_required(course_of(course_id)))


@bp.get("/courses/<uuid:course_id>/required")
def required(course_id: uuid.UUID) -> Response:
    """List the prerequisite courses, and the results of a search for more."""
    course = course_of(course_id)
    if not hypermedia.is_swap():
        return hypermedia.see_other(
            url_for("studio.details", course_id=course.id, find=_sought()) + "#required"
        )
    return hypermedia.render(
        "studio/course/_required.html", "studio/course/_required.html", course=course, **_required(course)
    )


@bp.post("/courses/<uuid:course_id>/required")
def require(course_id: uuid.UUID) -> Response:
    """Add a prerequisite course."""
    course, other_id = course_of(course_id), PrerequisiteForm().course_id()
    if other_id is None:
        abort(422)
    with Attempt():
        prerequisites.require(course, me(), other_id)
    return _section(course_id)


@bp.post("/courses/<uuid:course_id>/required/<uuid:other_id>/release")
def release(course_id: uuid.UUID, other_id: uuid.UUID) -> Response:
    """Remove a prerequisite course."""
    prerequisites.drop(course_of(course_id), me(), other_id)
    db.session.commit()
    return _section(course_id)


@bp.post("/courses/<uuid:course_id>/required/<uuid:other_id>/lock")
def lock_by(course_id: uuid.UUID, other_id: uuid.UUID) -> Response:
    """Make a prerequisite a lock, or advice."""
    course, form = course_of(course_id), SwitchForm()
    with Attempt():
        prerequisites.set_lock(course, me(), other_id, form.on.data)
    return _section(course_id)


@bp.get("/tags")
def suggest_tags() -> Response:
    """Suggest tags for the last one being typed; a fragment without a page of its own."""
    if not hypermedia.is_swap():
        return hypermedia.see_other(url_for("studio.courses"))
    typed = request.args.get("tags", "")[:600].rpartition(",")[2]
    return hypermedia.render("studio/course/_tags.html", tags=tags.suggestions(typed))


def _section(course_id: uuid.UUID) -> Response:
    if not hypermedia.is_swap():
        return hypermedia.see_other(url_for("studio.details", course_id=course_id) + "#required")
    course = course_of(course_id)
    return hypermedia.render(
        "studio/course/_required.html", "studio/course/_required.html", course=course, **_required(course)
    )


def _required(course: Course) -> dict[str, Any]:
    sought = _sought()
    found = prerequisites.find(course, sought) if sought else []
    return {"required": prerequisites.required_courses(course), "sought": sought, "found": found}


def _sought() -> str:
    return text_arg("find")


def _shown(stored: CourseDetails) -> dict[str, object]:
    """Convert the details to the form's fields."""
    return {
        **vars(stored),
        "category": str(stored.category_id),
        "tags": ", ".join(stored.tags),
    }


def _typed(form: DetailsForm) -> CourseDetails:
    return CourseDetails(
        title=form.title.data or "",
        slug=form.slug.data or "",
        summary=form.summary.data or "",
        description=form.description.data or "",
        category_id=uuid.UUID(form.category.data),
        tags=sorted(tags.split(form.tags.data or "")),
        level=Level(form.level.data),
        technology=form.technology.data or "",
        language=form.language.data,
        objectives=form.objectives.data or [],
        prerequisites=form.prerequisites.data or [],
    )

"""Routes of the course list, and actions on a whole course."""

import uuid

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp, product_editor
from blueprints.studio.course_editor import course_of
from blueprints.studio.course_forms import NewCourseForm
from domain.authoring import course_details, course_list, deletion, duplication, submission
from domain.catalog import lifecycle
from models import ProductStatus, db
from web import hypermedia
from web.actions import Attempt
from web.query_args import choice_arg, cursor_arg, text_arg
from web.reauthentication import fresh
from web.signed_in import me


@bp.get("/courses")
def courses() -> Response:
    """List the creator's courses of one status with their next step; searched by title, paged."""
    status = choice_arg("status", ProductStatus, None)
    title = text_arg("q")
    listing = course_list.page(me(), status, title, cursor_arg("newer"), cursor_arg("older"))
    waits = submission.needs_review_to_start(me())
    return hypermedia.render(
        "studio/courses.html",
        "studio/_courses.html",
        counts=course_list.counts(me()),
        listing=listing,
        chosen=status,
        title=title,
        waits=waits,
        submit=submission.call_to_submit(waits, of_update=False),
        submit_update=submission.call_to_submit(not lifecycle.is_trusted(me()), of_update=True),
    )


@bp.route("/courses/new", methods=["GET", "POST"])
def new_course() -> Response:
    """Create a course from a title and a category."""
    form = NewCourseForm()
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            course = course_details.create(me(), form.title.data or "", uuid.UUID(form.category.data))
            attempt.say("Course created. Nobody sees it until you publish it.")
            return hypermedia.see_other(url_for("studio.details", course_id=course.id))
    return hypermedia.render("studio/course_new.html", status=form.status, form=form)


@bp.route("/courses/<uuid:course_id>/duplicate", methods=["GET", "POST"])
def duplicate(course_id: uuid.UUID) -> Response:
    """Explain what is copied and what isn't, then copy the course."""
    course = course_of(course_id)
    if request.method == "POST":
        copy = duplication.duplicate(course, me())
        db.session.commit()
        hypermedia.toast("This is your copy. Nobody sees it until you publish it.")
        return hypermedia.see_other(url_for("studio.details", course_id=copy.id))
    return hypermedia.render("studio/course/duplicate.html", course=course)


@bp.route("/courses/<uuid:course_id>/archive", methods=["GET", "POST"])
def archive(course_id: uuid.UUID) -> Response:
    """Take a course off sale (archive); learners who have it keep it."""
    course = course_of(course_id)
    if request.method == "POST":
        return product_editor.archive(course, url_for("studio.details", course_id=course_id))
    return hypermedia.render("studio/course/archive.html", course=course)


@bp.route("/courses/<uuid:course_id>/delete", methods=["GET", "POST"])
@fresh
def delete(course_id: uuid.UUID) -> Response:
    """Explain what deleting does to this course, or why it is refused, then delete it."""
    course = course_of(course_id)
    if request.method == "POST":
        response = product_editor.delete(course, url_for("studio.courses"), "it")
        if response is not None:
            return response
    course = course_of(course_id)
    refusal = deletion.reason_not_to_delete(course)
    return hypermedia.render(
        "studio/course/delete.html",
        status=422 if request.method == "POST" else 200,
        course=course,
        refusal=refusal,
        fate=deletion.outcome_of(course).value,
    )


@bp.get("/courses/<uuid:course_id>/preview")
def preview(course_id: uuid.UUID) -> Response:
    """Redirect to the course page in preview mode."""
    return hypermedia.see_other(url_for("catalog.course", slug=course_of(course_id).slug, preview="1"))

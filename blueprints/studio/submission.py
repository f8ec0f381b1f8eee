"""Routes to submit a course or its update: checklist, moderation state and the reviewers' notes."""

import uuid

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp, product_editor
from blueprints.studio.course_editor import course_of
from domain.authoring import checklist, course_content, page_drafts, submission
from domain.catalog import expiry, lifecycle
from domain.platform import moderation_queue
from models import Course, ProductStatus
from web import hypermedia
from web.forms import ButtonForm
from web.signed_in import me


@bp.route("/courses/<uuid:course_id>/publish", methods=["GET", "POST"])
def publish(course_id: uuid.UUID) -> Response:
    """Show the checklist and the state of the course; posting submits it or its update."""
    form = ButtonForm()
    if request.method == "POST" and (response := product_editor.submit(course_of(course_id), form)):
        return response
    return _show(course_of(course_id), form)


@bp.post("/courses/<uuid:course_id>/publish/withdraw")
def withdraw(course_id: uuid.UUID) -> Response:
    """Withdraw a submission from the moderation queue."""
    course, form = course_of(course_id), ButtonForm()
    page = url_for("studio.publish", course_id=course_id)
    return product_editor.withdraw(course, form, page) or _show(course_of(course_id), form)


@bp.post("/courses/<uuid:course_id>/discard")
def discard_page(course_id: uuid.UUID) -> Response:
    """Discard the pending changes of the page and of modules; lessons are discarded one by one."""
    return product_editor.discard(course_of(course_id), url_for("studio.details", course_id=course_id))


def _show(course: Course, form: ButtonForm) -> Response:
    there = course_content.load(course)
    waits = submission.needs_review(course, me())
    return hypermedia.render(
        "studio/publish/page.html",
        status=form.status,
        course=course,
        form=form,
        points=checklist.items(there),
        changed=[content for content in there.lessons if content.is_changed],
        film_changed=there.intro is not None and there.intro.is_changed,
        page_changed=page_drafts.waiting(course),
        code_changed=any(archive.pending for archive in there.archives),
        ready=not checklist.missing(there),
        live=lifecycle.is_live(course),
        waits=waits,
        submit=submission.call_to_submit(waits, course.status == ProductStatus.PUBLISHED),
        days_left=expiry.days_left(course),
        rows=moderation_queue.subject_history(course.id),
    )

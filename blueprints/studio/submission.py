"""Routes to submit a course or its update: checklist, moderation state and the reviewers' notes."""

import uuid

from flask import url_for
from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.course_editor import course_of
from blueprints.studio.lesson_forms import DraftMarkForm
from domain.authoring import checklist, course_content, page_drafts, submission
from domain.catalog import expiry, lifecycle
from domain.platform import moderation_queue
from models import Course, ProductStatus
from web import hypermedia
from web.actions import Attempt
from web.forms import ButtonForm
from web.signed_in import me


@bp.route("/courses/<uuid:course_id>/publish", methods=["GET", "POST"])
def publish(course_id: uuid.UUID) -> Response:
    """Show the checklist and the state of the course; posting submits it or its update."""
    course, form = course_of(course_id), ButtonForm()
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            attempt.say(_put_forward(course))
            return hypermedia.see_other(url_for("studio.publish", course_id=course_id))
        course = course_of(course_id)
    return _show(course, form)


@bp.post("/courses/<uuid:course_id>/publish/withdraw")
def withdraw(course_id: uuid.UUID) -> Response:
    """Withdraw a submission from the moderation queue."""
    course, form = course_of(course_id), ButtonForm()
    with Attempt(form) as attempt:
        submission.withdraw(course, me())
        attempt.say("Withdrawn. It won’t be reviewed until you submit it again.")
        return hypermedia.see_other(url_for("studio.publish", course_id=course_id))
    return _show(course_of(course_id), form)


@bp.post("/courses/<uuid:course_id>/discard")
def discard_page(course_id: uuid.UUID) -> Response:
    """Discard the pending changes of the page and of modules; lessons are discarded one by one."""
    course, form = course_of(course_id), DraftMarkForm()
    with Attempt() as attempt:
        page_drafts.discard(course, me(), form.draft.data or "")
        attempt.say("Changes discarded. The page is back to what everyone sees.")
    return hypermedia.see_other(url_for("studio.details", course_id=course_id))


def _put_forward(course: Course) -> str:
    if course.status == ProductStatus.PUBLISHED:
        shown = submission.submit_update(course, me())
        return (
            "Your changes are published."
            if shown
            else "Submitted. Learners see the changes once they’re approved."
        )
    shown = submission.submit(course, me())
    return "Your course is on sale." if shown else "Submitted. We’ll tell you as soon as it’s been reviewed."


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

"""Route to report a course. Unlike a reported review, the course stays visible until an admin decides."""

from flask import url_for
from werkzeug.wrappers import Response

from blueprints.reviews import bp, refuse
from blueprints.reviews.forms import CourseReportForm
from domain.catalog import availability
from domain.community import course_reports
from domain.learning import access
from models import ReportReason
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me


@bp.route("/courses/<slug>/report", methods=["GET", "POST"])
def report_course(slug: str) -> Response:
    """Report a course, as a fragment or on a page of its own. One report per person."""
    course, _ = access.course_for_learner(me(), slug)
    if course.creator_id == me().id:
        return refuse(course, availability.OWN_COURSE)
    form = CourseReportForm()
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            reason = ReportReason(form.reason.data)
            course_reports.report(me(), course, reason, form.note.data or "")
            attempt.say("Thanks. We’ll look into this course and let you know what we decide.")
            return hypermedia.leave(url_for("catalog.course", slug=course.slug))
    return hypermedia.render(
        "reviews/report_course.html",
        "reviews/_report_course.html",
        status=form.status,
        course=course,
        form=form,
        reported="" if form.is_submitted() else course_reports.standing(me(), course.id),
    )

"""Route to report a course. Unlike a reported review, the course stays visible until an admin decides."""

from flask import url_for
from werkzeug.wrappers import Response

from blueprints.reviews import bp, reader, refuse
from blueprints.reviews.forms import CourseReportForm
from domain import Refused
from domain.catalog import availability
from domain.community import course_reports
from domain.learning import access
from models import ReportReason, db
from web import hypermedia


@bp.route("/courses/<slug>/report", methods=["GET", "POST"])
def report_course(slug: str) -> Response:
    """Report a course, as a fragment or on a page of its own. One report per person."""
    course, _ = access.course_for_learner(reader(), slug)
    if course.creator_id == reader().id:
        return refuse(course, availability.OWN_COURSE)
    form = CourseReportForm()
    if form.validate_on_submit():
        try:
            reason = ReportReason(form.reason.data)
            course_reports.report(reader(), course, reason, form.note.data or "")
        except Refused as refusal:
            form.refuse(refusal)
        else:
            back = url_for("catalog.course", slug=course.slug)
            db.session.commit()
            hypermedia.toast("Thanks. We’ll look into this course and let you know what we decide.")
            return hypermedia.leave(back)
    return hypermedia.render(
        "reviews/report_course.html",
        "reviews/_report_course.html",
        status=form.status,
        course=course,
        form=form,
        reported="" if form.is_submitted() else course_reports.standing(reader(), course.id),
    )

"""Route to report a product. Unlike a reported review, the product stays visible until an admin decides."""

from werkzeug.wrappers import Response

from blueprints.reviews import bp, refuse
from blueprints.reviews.forms import CourseReportForm
from domain.catalog import kinds
from domain.community import course_reports
from models import ReportReason
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me


@bp.route("/courses/<slug>/report", methods=["GET", "POST"])
def report_course(slug: str) -> Response:
    """Report a product, as a fragment or on a page of its own. One report per person."""
    product = kinds.product_at(me(), slug)
    if product.creator_id == me().id:
        return refuse(product, course_reports.own(product))
    form, noun = CourseReportForm(), kinds.noun(product)
    if form.validate_on_submit():
        with Attempt(form) as attempt:
            reason = ReportReason(form.reason.data)
            course_reports.report(me(), product, reason, form.note.data or "")
            attempt.say(f"Thanks. We’ll look into this {noun} and let you know what we decide.")
            return hypermedia.leave(kinds.page(product))
    return hypermedia.render(
        "reviews/report_course.html",
        "reviews/_report_course.html",
        status=form.status,
        product=product,
        form=form,
        reported="" if form.is_submitted() else course_reports.standing(me(), product),
    )

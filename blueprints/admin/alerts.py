"""List of payment alerts: orders and events that an admin has to check."""

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.admin import bp
from blueprints.admin.forms import NoteForm
from domain.commerce import alert_list
from domain.disputes import listing as disputes
from models import Order, StripeEvent
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me


@bp.app_template_global("open_alerts")
def open_alerts() -> int:
    """Count the open alerts, for the badge in the navigation."""
    return alert_list.count()


@bp.get("/alerts")
def alerts() -> Response:
    """List the alerts, newest first; each links to the page on which it is acknowledged."""
    behind = request.args.get("after", "")
    page = alert_list.page(behind)
    return hypermedia.render(
        "admin/alerts.html",
        listing=page,
        disputes=disputes.to_answer() if not behind else [],
        more=url_for("admin.alerts", after=page.after) if page.after else None,
        first=url_for("admin.alerts") if behind else None,
    )


def acknowledge(row: Order | StripeEvent, form: NoteForm) -> bool:
    """Dismiss the alert of `row` with the note in `form`; False when the page shows the form again."""
    if not form.validate_on_submit():
        return False
    with Attempt(form) as attempt:
        alert_list.dismiss(row, me(), form.note.data or "")
        attempt.say("Noted.")
    return attempt.refusal is None

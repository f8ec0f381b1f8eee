"""What needs a person because of money, in one list."""

from flask import request, url_for
from werkzeug.wrappers import Response

from blueprints.admin import admin
from domain.commerce import alert_list
from web import hypermedia


@admin.app_template_global("open_alerts")
def open_alerts() -> int:
    """Count the alerts that nobody has looked at, for the navigation of the desk."""
    return alert_list.count()


@admin.get("/alerts")
def alerts() -> Response:
    """The newest first; each leads to where it is marked as looked at."""
    behind = request.args.get("after", "")
    page = alert_list.page(behind)
    return hypermedia.render(
        "admin/alerts.html",
        listing=page,
        more=url_for("admin.alerts", after=page.after) if page.after else None,
        first=url_for("admin.alerts") if behind else None,
    )

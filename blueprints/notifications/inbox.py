"""Routes of the notifications. They are opened by POST, because opening one marks it as read."""

import uuid

from flask import request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from blueprints.notifications import bp
from domain.platform import notifications
from models import db
from web import hypermedia


@bp.get("/notifications")
def index() -> Response:
    """List the reader's notifications, newest first."""
    before = request.args.get("before", type=uuid.UUID)
    return hypermedia.render(
        "notifications/index.html", listing=notifications.page_of(current_user, before), before=before
    )


@bp.post("/notifications/<uuid:notification_id>/open")
def follow(notification_id: uuid.UUID) -> Response:
    """Mark a notification as read and redirect to its target."""
    one = notifications.find(current_user, notification_id)
    notifications.read(one)
    leads_to = one.action_url or url_for("notifications.index")
    db.session.commit()
    return hypermedia.leave(leads_to)


@bp.post("/notifications/<uuid:notification_id>/read")
def mark_read(notification_id: uuid.UUID) -> Response:
    """Mark a notification as read and stay."""
    one = notifications.find(current_user, notification_id)
    notifications.read(one)
    db.session.commit()
    if not hypermedia.is_swap():
        return hypermedia.see_other(url_for("notifications.index"))
    one = notifications.find(current_user, notification_id)
    return hypermedia.render("notifications/_one.html", "notifications/_one.html", one=one)


@bp.post("/notifications/read-all")
def mark_all_read() -> Response:
    """Mark every notification as read."""
    notifications.read_all(current_user)
    db.session.commit()
    hypermedia.toast("All notifications marked as read.")
    return hypermedia.see_other(url_for("notifications.index"))

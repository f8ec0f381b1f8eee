"""What Stripe told us: events that failed, wait or were handled."""

from flask import abort, request, url_for
from werkzeug.wrappers import Response

import hypermedia
from blueprints.admin import acting, admin, do
from blueprints.admin.forms import PressForm
from blueprints.admin.jobs import pretty
from domain import deliveries
from domain.deliveries import EventState
from models import StripeEvent, db

STATES = {EventState.FAILED: "Failed", EventState.WAITING: "Waiting", EventState.HANDLED: "Handled"}


@admin.get("/webhooks")
def webhooks() -> Response:
    """The newest first, by state."""
    asked = request.args.get("state", "")
    state = EventState(asked) if asked in list(EventState) else EventState.FAILED
    behind = _readable(request.args.get("after", ""))
    page = deliveries.events(state, behind)
    return hypermedia.render(
        "admin/webhooks.html",
        listing=page,
        state=state.value,
        tabs=[
            (name, url_for("admin.webhooks", state=one.value), one == state) for one, name in STATES.items()
        ],
        more=url_for("admin.webhooks", state=state.value, after=page.after) if page.after else None,
        first=url_for("admin.webhooks", state=state.value) if behind else None,
    )


@admin.get("/webhooks/<event_id>")
def webhook(event_id: str) -> Response:
    """What one event says, and why it failed."""
    event = _event(event_id)
    return hypermedia.render("admin/webhook.html", event=event, payload=pretty(event.payload))


@admin.post("/webhooks/<event_id>/retry")
def retry_webhook(event_id: str) -> Response:
    """Handle an event that failed, now."""
    event = _event(event_id)
    if not PressForm().validate():
        abort(400)
    do(lambda: deliveries.retry_event(event, acting()), "The worker will handle it now.")
    return hypermedia.see_other(url_for("admin.webhook", event_id=event_id))


@admin.post("/webhooks/retry")
def retry_webhooks() -> Response:
    """Handle every event that failed, now."""
    if not PressForm().validate():
        abort(400)
    count = deliveries.retry_events(acting())
    db.session.commit()
    hypermedia.toast(f"The worker will handle {count} now." if count else "Nothing has failed.", "info")
    return hypermedia.see_other(url_for("admin.webhooks"))


def _event(event_id: str) -> StripeEvent:
    key = _readable(event_id)
    return (db.session.get(StripeEvent, key) if key else None) or abort(404)


def _readable(key: str) -> str | None:
    """A key that could be one of Stripe's: what else is typed can't be asked of every database."""
    return key if key.isascii() and key.isprintable() and 0 < len(key) <= 255 else None

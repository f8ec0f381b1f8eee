"""Routes of Stripe's webhook events: failed, waiting, handled ones and those without effect."""

from flask import abort, request, url_for
from werkzeug.wrappers import Response

from blueprints.admin import bp
from blueprints.admin.alerts import acknowledge
from blueprints.admin.forms import NoteForm
from blueprints.admin.jobs import pretty
from domain.commerce import alert_list
from domain.pages import background_work
from domain.pages.background_work import EventState
from models import StripeEvent, db
from web import hypermedia
from web.actions import Attempt
from web.query_args import choice_arg
from web.reauthentication import fresh
from web.signed_in import me

STATES = {
    EventState.FAILED: "Failed",
    EventState.WAITING: "Waiting",
    EventState.WITHOUT_EFFECT: "No effect",
    EventState.HANDLED: "Handled",
}


@bp.get("/webhooks")
def webhooks() -> Response:
    """List the events of one state, newest first."""
    state = choice_arg("state", EventState, EventState.FAILED)
    behind = _readable(request.args.get("after", ""))
    page = background_work.events(state, behind)
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


@bp.get("/webhooks/<event_id>")
def webhook(event_id: str) -> Response:
    """Show one event: its payload and its last error."""
    return _page(_event(event_id), NoteForm(formdata=None))


@bp.post("/webhooks/<event_id>/looked-at")
@fresh
def look_at_event(event_id: str) -> Response:
    """Acknowledge the alert of an event with a note."""
    event, form = _event(event_id), NoteForm()
    if acknowledge(event, form):
        return hypermedia.see_other(url_for("admin.webhook", event_id=event_id))
    return _page(event, form)


@bp.post("/webhooks/<event_id>/retry")
def retry_webhook(event_id: str) -> Response:
    """Handle a failed event again."""
    event = _event(event_id)
    with Attempt() as attempt:
        background_work.retry_event(event, me())
        attempt.say("The worker will retry it now.")
    return hypermedia.see_other(url_for("admin.webhook", event_id=event_id))


@bp.post("/webhooks/retry")
def retry_webhooks() -> Response:
    """Handle every failed event again."""
    count = background_work.retry_events(me())
    db.session.commit()
    hypermedia.toast(f"The worker will retry {count} now." if count else "Nothing has failed.", "info")
    return hypermedia.see_other(url_for("admin.webhooks"))


def _page(event: StripeEvent, form: NoteForm) -> Response:
    return hypermedia.render(
        "admin/webhook.html",
        status=422 if form.errors else 200,
        event=event,
        badge=_badge(event),
        form=form,
        history=alert_list.history_of(event),
        payload=pretty(event.payload),
    )


def _badge(event: StripeEvent) -> tuple[str, str]:
    """Return the word and the tone of an event's state: what changed nothing never counts as handled."""
    if event.processed_at is None:
        return ("failed", "bad") if event.error else ("waiting", "warn")
    return ("no effect", "warn") if event.error else ("handled", "good")


def _event(event_id: str) -> StripeEvent:
    key = _readable(event_id)
    return (db.session.get(StripeEvent, key) if key else None) or abort(404)


def _readable(key: str) -> str | None:
    """Return `key` if it could be an id of Stripe's; PostgreSQL refuses a NUL with an error."""
    return key if key.isascii() and key.isprintable() and 0 < len(key) <= 255 else None

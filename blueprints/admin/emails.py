"""Routes of the outbox: what was sent, what failed, and retrying it."""

import uuid

from flask import Response, abort, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from blueprints.admin import after, bp
from domain.pages import background_work
from domain.platform import outbox
from models import EmailMessage, EmailStatus, db
from web import hypermedia
from web.actions import Attempt
from web.signed_in import me

STATES = {
    None: "All",
    EmailStatus.FAILED: "Failed",
    EmailStatus.PENDING: "Waiting",
    EmailStatus.SENT: "Sent",
    EmailStatus.SKIPPED: "Skipped",
}


@bp.get("/emails")
def emails() -> BaseResponse:
    """List the messages of one state, newest first."""
    asked = request.args.get("state", "")
    state = EmailStatus(asked) if asked in list(EmailStatus) else None
    page = background_work.mails(state, after())
    return hypermedia.render(
        "admin/emails.html",
        listing=page,
        state=state,
        tabs=[(name, url_for("admin.emails", state=one), one == state) for one, name in STATES.items()],
        more=url_for("admin.emails", state=state, after=page.after) if page.after else None,
        first=url_for("admin.emails", state=state) if after() else None,
    )


@bp.get("/emails/<uuid:message_id>")
def email(message_id: uuid.UUID) -> BaseResponse:
    """Show one message as its recipient sees it, with the links that grant access redacted."""
    message = _message(message_id)
    bodies = background_work.bodies(message)
    return hypermedia.render("admin/email.html", message=message, text=bodies[0] if bodies else None)


@bp.get("/emails/<uuid:message_id>/body.html")
def email_body(message_id: uuid.UUID) -> BaseResponse:
    """Serve the HTML body for a sandboxed frame: no scripts, no working links."""
    bodies = background_work.bodies(_message(message_id)) or abort(404)
    response = Response(bodies[1], mimetype="text/html")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'self'; sandbox"
    )
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Cache-Control"] = "no-store"
    response.headers["Vary"] = hypermedia.VARY
    return response


@bp.post("/emails/<uuid:message_id>/retry")
def retry_email(message_id: uuid.UUID) -> BaseResponse:
    """Retry one failed message."""
    message = _message(message_id)
    with Attempt() as attempt:
        background_work.retry_mail(message, me())
        attempt.say("The email will be sent again.")
    return hypermedia.see_other(url_for("admin.email", message_id=message_id))


@bp.post("/emails/retry")
def retry_emails() -> BaseResponse:
    """Retry every failed message."""
    count = background_work.retry_mails(me())
    db.session.commit()
    hypermedia.toast(f"{count} will be sent again." if count else "Nothing has failed.", "info")
    return hypermedia.see_other(url_for("admin.emails"))


def _message(message_id: uuid.UUID) -> EmailMessage:
    return outbox.find(message_id) or abort(404)

"""Routes of the outbox: what was sent, what failed, and retrying it."""

import uuid
from enum import StrEnum
from functools import partial

from flask import Response, abort, url_for
from werkzeug.wrappers import Response as BaseResponse

from blueprints.admin import after, bp, sorting
from domain.pages import background_work
from domain.pages.background_work import MailState
from domain.platform import outbox
from models import EmailMessage, MailPurpose, db
from web import hypermedia
from web.actions import Attempt
from web.query_args import choice_arg, text_arg
from web.signed_in import me


class MailSort(StrEnum):
    """An order of the list."""

    NEWEST = "newest"
    OLDEST = "oldest"


STATES = {
    None: "All",
    MailState.FAILED: "Failed",
    MailState.PENDING: "Waiting",
    MailState.SCHEDULED: "Scheduled",
    MailState.SENT: "Sent",
    MailState.SKIPPED: "Not sent",
}
PURPOSES = {
    None: "Every purpose",
    MailPurpose.TRANSACTIONAL: "Transactional",
    MailPurpose.MARKETING: "Marketing",
    MailPurpose.DIGEST: "Digests",
}


@bp.get("/emails")
def emails() -> BaseResponse:
    """List the messages of one state and purpose, or those to the people whom `q` finds."""
    state, purpose = choice_arg("state", MailState, None), choice_arg("purpose", MailPurpose, None)
    text, sort = text_arg("q"), choice_arg("sort", MailSort, MailSort.NEWEST)
    page = background_work.mails(state, purpose, after(), text, sort == MailSort.OLDEST)
    address = partial(url_for, "admin.emails", q=text or None)
    sorted_ = partial(address, state=state, purpose=purpose)
    return hypermedia.render(
        "admin/emails.html",
        listing=page,
        state=state,
        state_of=background_work.mail_state,
        labels=STATES,
        tabs=[(name, address(state=one, purpose=purpose), one == state) for one, name in STATES.items()],
        purposes=[
            (name, address(state=state, purpose=one), one == purpose) for one, name in PURPOSES.items()
        ],
        text=text,
        purpose=purpose,
        by_age=sorting.column(sorted_, sort, MailSort.OLDEST, MailSort.NEWEST),
        more=sorted_(sort=sort, after=page.after) if page.after else None,
        first=sorted_(sort=sort) if after() else None,
    )


@bp.get("/emails/<uuid:message_id>")
def email(message_id: uuid.UUID) -> BaseResponse:
    """Show one message as its recipient sees it, with the links that grant access redacted."""
    message = _message(message_id)
    bodies = background_work.bodies(message)
    return hypermedia.render(
        "admin/email.html",
        message=message,
        state=background_work.mail_state(message),
        labels=STATES,
        text=bodies[0] if bodies else None,
    )


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

"""The development mailbox: every message of the outbox, as its recipient would see it."""

import uuid

from flask import Response, abort
from werkzeug.wrappers import Response as BaseResponse

import mail
from blueprints.dev import bp
from domain.platform import outbox
from web import hypermedia


@bp.get("/dev/mail")
def mailbox() -> BaseResponse:
    """List the newest messages."""
    return hypermedia.render("dev/mailbox.html", messages=outbox.newest(limit=100))


@bp.get("/dev/mail/<uuid:message_id>")
def message(message_id: uuid.UUID) -> BaseResponse:
    """Show one message: its text, and its HTML in a frame."""
    found = outbox.find(message_id) or abort(404)
    text, _html = mail.render_bodies(found)
    return hypermedia.render("dev/message.html", message=found, text=text)


@bp.get("/dev/mail/<uuid:message_id>/body.html")
def body(message_id: uuid.UUID) -> BaseResponse:
    """Serve the HTML body for the frame; mail has inline styles, so the CSP allows them here."""
    found = outbox.find(message_id) or abort(404)
    response = Response(mail.render_bodies(found)[1], mimetype="text/html")
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'self';"
        " sandbox allow-popups allow-top-navigation-by-user-activation"
    )
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    return response

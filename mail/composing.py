"""Composing a message in the transaction that causes it, and rendering it when it is sent."""

from typing import Any
from urllib.parse import urlsplit

from flask import current_app, render_template
from uuid_utils.compat import uuid7

import jobs
from domain.base.addresses import url_to
from domain.base.text import one_line
from models import EmailMessage, User, db

NOTIFICATION = "notification"


def compose(template: str, to: str, user: User | None = None, **data: Any) -> EmailMessage:
    """Write the message `template` to the address `to` into the outbox and enqueue its sending."""
    message_id, site = uuid7(), urlsplit(current_app.config["SETTINGS"].base_url).hostname
    message = EmailMessage(
        id=message_id,
        recipient=to,
        user_id=user.id if user else None,
        template=template,
        subject=render_subject(template, data),
        data=data,
        message_id=f"<{message_id.hex}@{site}>",
    )
    db.session.add(message)
    db.session.flush()
    jobs.enqueue("send_email", key=f"email:{message.id}", message_id=str(message.id))
    return message


def greeting(user: User) -> str:
    """Return the name to greet with; "" before the address is verified, as a stranger may have typed both."""
    return user.name if user.is_verified else ""


def not_me_url(token: str) -> str:
    """Build the address of the "this wasn't me" page."""
    return url_to("auth.not_me", token=token)


def render_subject(template: str, data: dict[str, Any]) -> str:
    """Render the subject: one line of at most 255 characters."""
    return one_line(render_template(f"mail/{template}/subject.txt", **data))[:255]


def render_bodies(message: EmailMessage) -> tuple[str, str]:
    """Render the plain text and the HTML of `message`."""
    return render_with(message.template, message.subject, message.data)


def render_with(template: str, subject: str, data: dict[str, Any]) -> tuple[str, str]:
    """Render plain text and HTML from `data`, which may be a redacted copy of what was sent."""
    folder = f"mail/{template}"
    context = {**data, "subject": subject}
    return render_template(f"{folder}/body.txt", **context), render_template(f"{folder}/body.html", **context)

"""Writing a message in the transaction of its cause, and rendering it when it is sent."""

from typing import Any
from urllib.parse import urlsplit

from flask import current_app, render_template
from uuid_utils.compat import uuid7

import jobs
from models import EmailMessage, User, db

NOTIFICATION = "notification"


def compose(template: str, to: str, user: User | None = None, **data: Any) -> EmailMessage:
    """Write the message `template` to the address `to` and ask the worker to send it."""
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
    """The name to greet with; none before the address is proved, as a stranger may have typed both."""
    return user.name if user.is_verified else ""


def not_me_url(token: str) -> str:
    """Build the address at which an owner says that it wasn’t them."""
    return f"{base_url()}/not-me/{token}"


def base_url() -> str:
    """Answer the address of the shop, without a slash at its end."""
    base: str = current_app.config["SETTINGS"].base_url
    return base


def render_subject(template: str, data: dict[str, Any]) -> str:
    """The subject line, always one line of at most 255 characters."""
    text = render_template(f"mail/{template}/subject.txt", **data)
    return " ".join(text.split())[:255]


def render_bodies(message: EmailMessage) -> tuple[str, str]:
    """The plain text and the HTML of `message`."""
    return render_with(message.template, message.subject, message.data)


def render_with(template: str, subject: str, data: dict[str, Any]) -> tuple[str, str]:
    """The plain text and the HTML of a message filled with `data`, which may be other than what was sent."""
    folder = f"mail/{template}"
    context = {**data, "subject": subject}
    return render_template(f"{folder}/body.txt", **context), render_template(f"{folder}/body.html", **context)

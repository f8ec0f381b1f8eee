"""Composing a message in the transaction that causes it, and rendering it when it is sent."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask import current_app, render_template
from sqlalchemy import select
from uuid_utils.compat import uuid7

import jobs
from domain import Refused
from domain.base.addresses import url_to
from domain.base.text import one_line
from domain.platform import consents, mail_preferences
from mail.registry import PURPOSES, Condition
from models import EmailMessage, MailPurpose, User, db, now, upsert


def compose(
    template: str,
    to: str,
    user: User | None = None,
    *,
    key: str | None = None,
    send_at: datetime | None = None,
    condition: Condition | None = None,
    **data: Any,
) -> EmailMessage:
    """Write the message `template` to the address `to` into the outbox and enqueue its sending.

    `key` is an idempotency key: a second message with the same key isn't written, and the first is returned.
    It is sent at `send_at` (at once without one) if `condition`, which is about `user`, holds then. Marketing
    gets its unsubscribe link here. Raises Refused for marketing without consent, KeyError for a template that
    isn't registered, ValueError for a digest without `unsubscribe_url`.
    """
    purpose = PURPOSES[template]
    if purpose == MailPurpose.MARKETING:
        data["unsubscribe_url"] = _marketing_link(user)
    if purpose == MailPurpose.DIGEST and "unsubscribe_url" not in data:
        raise ValueError("A digest carries an unsubscribe link.")
    message_id, site = uuid7(), urlsplit(current_app.config["SETTINGS"].base_url).hostname
    due = send_at or now()
    row = upsert(EmailMessage).values(
        id=message_id,
        recipient=to,
        user_id=user.id if user else None,
        template=template,
        purpose=purpose,
        key=key,
        condition=condition.name if condition else None,
        condition_data=condition.about if condition else None,
        subject=render_subject(template, data),
        data=data,
        scheduled_for=due,
        message_id=f"<{message_id.hex}@{site}>",
    )
    db.session.flush()
    written = row.on_conflict_do_nothing(index_elements=["key"]).returning(EmailMessage)
    message = db.session.scalars(written).one_or_none()
    if message is None:
        return db.session.scalars(select(EmailMessage).where(EmailMessage.key == key)).one()
    jobs.enqueue("send_email", key=f"email:{message.id}", run_after=due, message_id=str(message.id))
    return message


def _marketing_link(user: User | None) -> str:
    """Build the unsubscribe link of a marketing message. Raises Refused without consent."""
    if user is None:
        raise Refused("Marketing email goes to accounts only.")
    if sentence := consents.objection(user):
        raise Refused(sentence)
    return unsubscribe_url(mail_preferences.token(user.id, MailPurpose.MARKETING))


def greeting(user: User) -> str:
    """Return the name to greet with; "" before the address is verified, as a stranger may have typed both."""
    return user.name if user.is_verified else ""


def not_me_url(token: str) -> str:
    """Build the address of the "this wasn't me" page."""
    return url_to("auth.not_me", token=token)


def unsubscribe_url(token: str) -> str:
    """Build the address of the page that ends what the unsubscribe `token` is about."""
    return url_to("site.unsubscribe", token=token)


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

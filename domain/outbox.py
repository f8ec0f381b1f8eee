"""Sending mail: the message was written with what caused it; here it leaves the house, once."""

import smtplib
import ssl
import uuid
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage as MimeMessage

from flask import current_app
from sqlalchemy import select

import mail
from config import Settings
from domain import clock, mail_preferences
from models import EmailMessage, EmailStatus, User, db

TOO_OLD = timedelta(days=7)
TIMEOUT_SECONDS = 20


@dataclass(frozen=True)
class Letter:
    """A message ready to go: the row's id and the MIME message."""

    id: uuid.UUID
    mime: MimeMessage


def begin_sending(message_id: str) -> Letter | None:
    """Render the message, or skip it: sent already, older than a week, or no longer for its reader."""
    message = db.session.get(EmailMessage, uuid.UUID(message_id))
    if message is None or message.status not in (EmailStatus.PENDING, EmailStatus.FAILED):
        return None
    if _is_pointless(message):
        message.status = EmailStatus.SKIPPED
        return None
    message.attempts += 1
    return Letter(message.id, _mime(message))


def send(letter: Letter) -> None:
    """Hand the letter to the mail server; without one (development) the mailbox page shows the row.

    Raises whatever SMTP raises; the job is then tried again later.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.smtp_host:
        return
    opener = smtplib.SMTP_SSL if settings.smtp_security == "tls" else smtplib.SMTP
    with opener(settings.smtp_host, settings.smtp_port, timeout=TIMEOUT_SECONDS) as server:
        if settings.smtp_security == "starttls":
            server.starttls(context=ssl.create_default_context())
        if settings.smtp_user:
            server.login(settings.smtp_user, settings.smtp_password)
        server.send_message(letter.mime)


def end_sending(letter: Letter, _result: None) -> None:
    """Note that the message has left."""
    message = db.session.get_one(EmailMessage, letter.id)
    message.status, message.sent_at, message.error = EmailStatus.SENT, clock.now(), None


def _is_pointless(message: EmailMessage) -> bool:
    if message.scheduled_for < clock.now() - TOO_OLD:
        return True
    user = db.session.get(User, message.user_id) if message.user_id else None
    if user is None:
        return False
    kind = message.data.get("kind") if message.template == mail.NOTIFICATION else None
    return not user.is_active or (kind is not None and not mail_preferences.wants(user.id, kind))


def _mime(message: EmailMessage) -> MimeMessage:
    text, html = mail.render_bodies(message)
    mime = MimeMessage()
    mime["Subject"] = message.subject
    mime["From"] = current_app.config["SETTINGS"].mail_from
    mime["To"] = message.recipient
    mime["Message-ID"] = message.message_id
    mime["Auto-Submitted"] = "auto-generated"
    if "unsubscribe_url" in message.data:  # RFC 8058: the reader's mail program may post to it
        mime["List-Unsubscribe"] = f"<{message.data['unsubscribe_url']}>"
        mime["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mime.set_content(text)
    mime.add_alternative(html, subtype="html")
    return mime


def fail(error: str, message_id: str) -> None:
    """Note why a try did not get through; the worker tries again until the job is dead."""
    message = db.session.get_one(EmailMessage, uuid.UUID(message_id))
    message.status, message.error = EmailStatus.FAILED, error


def newest(limit: int) -> list[EmailMessage]:
    """The latest `limit` messages, newest first."""
    return list(
        db.session.scalars(select(EmailMessage).order_by(EmailMessage.created_at.desc()).limit(limit))
    )


def find(message_id: uuid.UUID) -> EmailMessage | None:
    """One message, if it exists."""
    return db.session.get(EmailMessage, message_id)

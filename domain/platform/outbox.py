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
from domain.base import clock
from domain.platform import mail_preferences
from models import EmailMessage, EmailStatus, User, db

TOO_OLD = timedelta(days=7)
TIMEOUT_SECONDS = 20


class UntrustedServer(Exception):  # noqa: N818 - a state of the world, not a fault of the caller
    """Whoever answers under the mail server's name has no certificate for it that we can trust."""


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

    Raises whatever SMTP raises, UntrustedServer before a word was said; the job is then tried again later.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.smtp_host:
        return
    try:
        with _connect(settings) as server:
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            server.send_message(letter.mime)
    except ssl.SSLCertVerificationError as error:
        raise UntrustedServer(
            f"The certificate of the mail server {settings.smtp_host} can’t be trusted: "
            f"{error.verify_message}. Nothing was sent. SMTP_HOST must be the name in the certificate; "
            "SMTP_CA_FILE names an authority of your own."
        ) from error


def _connect(settings: Settings) -> smtplib.SMTP:
    """Open a connection as secure as SMTP_SECURITY says."""
    place = (settings.smtp_host, settings.smtp_port)
    if settings.smtp_security == "none":
        return smtplib.SMTP(*place, timeout=TIMEOUT_SECONDS)
    trusted = ssl.create_default_context(cafile=settings.smtp_ca_file)
    if settings.smtp_security == "tls":
        return smtplib.SMTP_SSL(*place, timeout=TIMEOUT_SECONDS, context=trusted)
    server = smtplib.SMTP(*place, timeout=TIMEOUT_SECONDS)
    try:
        server.starttls(context=trusted)
    except BaseException:
        server.close()
        raise
    return server


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

"""The mail outbox: messages were written in the transaction that caused them; here the worker sends them."""

import smtplib
import ssl
import uuid
from dataclasses import dataclass
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage as MimeMessage
from email.policy import EmailPolicy
from email.utils import format_datetime

from email_validator import validate_email
from flask import current_app
from sqlalchemy import select

import mail
from config import Settings
from domain.base import clock
from domain.platform import consents
from jobs import PutOff
from models import EmailMessage, EmailStatus, MailPurpose, User, db

TOO_OLD = timedelta(days=7)
TIMEOUT_SECONDS = 20


class UntrustedServer(Exception):  # noqa: N818 - a state of the world, not a fault of the caller
    """The certificate of the mail server can't be trusted."""


class NotDeliverable(Exception):  # noqa: N818 - a state of the world, not a fault of the caller
    """The mail server can't send to an address of this form."""


class _Policy(EmailPolicy):
    """The policy of our messages: the unsubscribe address stays in one line.

    Too long for a line, it would be sent as encoded words, and there mail programs don't find it.
    """

    def fold(self, name: str, value: str) -> str:
        if name.lower() == "list-unsubscribe":
            return f"{name}: {value}{self.linesep}"
        return super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        if name.lower() == "list-unsubscribe":
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


@dataclass(frozen=True)
class OutgoingMail:
    """A message to send: the row's id and the MIME message."""

    id: uuid.UUID
    mime: MimeMessage


def begin_sending(message_id: str) -> OutgoingMail | None:
    """Render a message; None if it was sent already, or is skipped because of an objection.

    Raises PutOff before its time.
    """
    message = db.session.get(EmailMessage, uuid.UUID(message_id))
    if message is None or message.status not in (EmailStatus.PENDING, EmailStatus.FAILED):
        return None
    if message.scheduled_for > clock.now():
        raise PutOff(message.scheduled_for)
    user = db.session.get(User, message.user_id) if message.user_id else None
    if (objection := _objection(message, user)) is not None:
        message.status, message.error = EmailStatus.SKIPPED, objection
        return None
    if user is not None and message.purpose != MailPurpose.TRANSACTIONAL:
        message.recipient = user.email  # it may have waited for days, and the address changed since
    message.attempts += 1
    return OutgoingMail(message.id, _mime(message))


def send(outgoing: OutgoingMail) -> None:
    """Send by SMTP; without a server (development) the mailbox page shows the row.

    An address with letters outside ASCII before the @ needs a server that offers SMTPUTF8. Raises
    NotDeliverable for it, SMTP's errors, and UntrustedServer before anything is sent; the job is retried.
    """
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.smtp_host:
        return
    try:
        with _connect(settings) as server:
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
            _hand_over(server, outgoing.mime)
    except ssl.SSLCertVerificationError as error:
        raise UntrustedServer(
            f"The certificate of the mail server {settings.smtp_host} can’t be trusted: "
            f"{error.verify_message}. Nothing was sent. SMTP_HOST must be the name in the certificate; "
            "SMTP_CA_FILE names an authority of your own."
        ) from error


def _hand_over(server: smtplib.SMTP, mime: MimeMessage) -> None:
    try:
        server.send_message(mime)
    except smtplib.SMTPNotSupportedError as error:
        raise NotDeliverable(
            "The mail server takes only addresses in ASCII (it doesn’t offer SMTPUTF8), and this one has "
            "other letters before the @."
        ) from error


def _connect(settings: Settings) -> smtplib.SMTP:
    """Open a connection secured as SMTP_SECURITY says."""
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


def end_sending(outgoing: OutgoingMail, _result: None) -> None:
    """Mark the message as sent."""
    message = db.session.get_one(EmailMessage, outgoing.id)
    message.status, message.sent_at, message.error = EmailStatus.SENT, clock.now(), None


def _objection(message: EmailMessage, user: User | None) -> str | None:
    """Say in a sentence why `message` must not be sent any more; None if it may."""
    if message.scheduled_for < clock.now() - TOO_OLD:
        return "It couldn’t be sent within seven days of its time."
    if user is not None and not user.is_active:
        return "The account is closed or suspended."
    # Asked by the registry too: a message may have been written before its template counted as marketing.
    purposes = (message.purpose, mail.PURPOSES.get(message.template))
    if MailPurpose.MARKETING in purposes and (sentence := consents.objection(user)):
        return sentence
    if message.condition is None:
        return None
    if user is None:
        return "The account no longer exists."
    return mail.Condition(message.condition, message.condition_data or {}).objection(user)


def _mime(message: EmailMessage) -> MimeMessage:
    text, html = mail.render_bodies(message)
    mime = MimeMessage(_Policy())
    mime["Subject"] = message.subject
    mime["From"] = _sendable(current_app.config["SETTINGS"].mail_from)
    mime["To"] = _sendable(message.recipient)
    mime["Date"] = format_datetime(clock.now())
    mime["Message-ID"] = message.message_id
    mime["Auto-Submitted"] = "auto-generated"
    if "unsubscribe_url" in message.data:  # RFC 8058: the reader's mail program may post to it
        mime["List-Unsubscribe"] = f"<{message.data['unsubscribe_url']}>"
        mime["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mime.set_content(text)
    mime.add_alternative(html, subtype="html")
    return mime


def _sendable(address: str) -> Address:
    """Parse `address`, perhaps with a name before it; its domain as mail servers know it, in ASCII (IDNA)."""
    name, _, plain = address.rpartition("<")
    local, _, domain = plain.rstrip("> ").rpartition("@")
    if not domain.isascii():
        checked = validate_email(f"postmaster@{domain}", check_deliverability=False, test_environment=True)
        domain = checked.ascii_domain
    return Address(name.strip(' "'), local, domain)


def fail(error: str, message_id: str) -> None:
    """Record why an attempt failed; the worker retries until the job is dead."""
    message = db.session.get_one(EmailMessage, uuid.UUID(message_id))
    message.status, message.error = EmailStatus.FAILED, error


def newest(limit: int) -> list[EmailMessage]:
    """List the latest `limit` messages."""
    return list(
        db.session.scalars(select(EmailMessage).order_by(EmailMessage.created_at.desc()).limit(limit))
    )


def find(message_id: uuid.UUID) -> EmailMessage | None:
    """Find a message; None if it doesn't exist."""
    return db.session.get(EmailMessage, message_id)

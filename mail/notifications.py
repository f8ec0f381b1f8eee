"""Notifications, sent by mail as well."""

from mail.composing import NOTIFICATION, base_url, compose, greeting
from models import EmailMessage, User


def notification(
    user: User, kind: str, topic: str, title: str, message: str, path: str, label: str, token: str
) -> EmailMessage:
    """Send a notification by mail; `path` is its target.

    `topic` names this `kind` of mail in words, `token` is that of the unsubscribe link.
    """
    return compose(
        NOTIFICATION, user.email, user, name=greeting(user), kind=kind, topic=topic, title=title,
        message=message, url=f"{base_url()}{path}" if path else "", label=label,
        unsubscribe_url=f"{base_url()}/unsubscribe/{token}",
    )  # fmt: skip

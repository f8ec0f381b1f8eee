"""Notifications, sent by mail as well."""

from domain.base.addresses import at_home, url_to
from mail.composing import NOTIFICATION, compose, greeting
from models import EmailMessage, User


def notification(
    user: User, kind: str, topic: str, title: str, message: str, path: str, label: str, token: str
) -> EmailMessage:
    """Send a notification by mail; `path` is its target.

    `topic` names this `kind` of mail in words, `token` is that of the unsubscribe link.
    """
    return compose(
        NOTIFICATION, user.email, user, name=greeting(user), kind=kind, topic=topic, title=title,
        message=message, url=at_home(path) if path else "", label=label,
        unsubscribe_url=url_to("site.unsubscribe", token=token),
    )  # fmt: skip

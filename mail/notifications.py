"""What the site tells, by mail as well."""

from mail.composing import NOTIFICATION, base_url, compose, greeting
from models import EmailMessage, User


def notification(
    user: User, kind: str, topic: str, title: str, message: str, path: str, label: str, token: str
) -> EmailMessage:
    """Tell by mail what the site tells; `path` is where it leads.

    `topic` names mail of this `kind` in words, and `token` opens the page on which it can be ended.
    """
    return compose(
        NOTIFICATION, user.email, user, name=greeting(user), kind=kind, topic=topic, title=title,
        message=message, url=f"{base_url()}{path}" if path else "", label=label,
        unsubscribe_url=f"{base_url()}/unsubscribe/{token}",
    )  # fmt: skip

"""Notifications, sent by mail as well."""

from datetime import datetime

from domain.base.addresses import at_home
from domain.platform import last_days
from mail.composing import compose, greeting, unsubscribe_url
from mail.registry import Condition
from models import EmailMessage, Product, User


def notification(
    user: User,
    kind: str,
    topic: str,
    title: str,
    message: str,
    path: str,
    label: str,
    token: str,
    key: str | None,
) -> EmailMessage:
    """Send a notification by mail, unless its `kind` is turned off by then; `path` is its target.

    `topic` names this kind of mail in words, `token` is that of the unsubscribe link. `key` is the
    notification's own.
    """
    return compose(
        "notification", user.email, user, key=f"notification:{user.id}:{key}" if key else None,
        condition=Condition("notification_is_wanted", {"kind": kind}), name=greeting(user), kind=kind,
        topic=topic, title=title, message=message, url=at_home(path) if path else "", label=label,
        unsubscribe_url=unsubscribe_url(token),
    )  # fmt: skip


def wished_sale(user: User, product: Product, page: str, ends: datetime, saved: str) -> EmailMessage:
    """Tell `user` once of a sale of a product on their wishlist, if it is still on when this is sent.

    `page` is the path of its page, `ends` the end of the sale, `saved` how much less it costs, in
    words. Raises Refused without consent.
    """
    return compose(
        "wished_sale", user.email, user, key=f"wished_sale:{user.id}:{product.id}:{ends:%Y%m%d%H%M}",
        condition=Condition(
            "sale_is_on", {"course_id": str(product.id), "ends": ends.isoformat(), "saved": saved}
        ),
        name=greeting(user), course=product.title, saved=saved, until=last_days.said(ends),
        url=at_home(page),
    )  # fmt: skip

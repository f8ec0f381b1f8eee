"""Notifications on the site, also mailed unless the person has turned that off."""

import uuid

from sqlalchemy import ColumnElement, and_, func, select, update
from werkzeug.exceptions import NotFound

import mail
from domain.base import clock, pagination
from domain.base.pagination import Page
from domain.platform import mail_preferences
from models import Notification, NotificationKind, User, db, upsert

PER_PAGE = 30
# The badge shows “9+” at most.
COUNTED = 10


def tell(
    user_id: uuid.UUID,
    kind: NotificationKind,
    title: str,
    message: str = "",
    url: str = "",
    label: str = "",
    key: str | None = None,
) -> bool:
    """Notify somebody in this transaction; idempotent by `key`. Tells if it is new.

    `url` is the path on this site that its button with `label` leads to. It is also mailed if its kind is and
    the person wants that.
    """
    row = upsert(Notification).values(
        user_id=user_id, kind=kind, title=_cut(title, 200), message=_cut(message, 500), action_url=url,
        action_label=label, key=key,
    )  # fmt: skip
    row = row.on_conflict_do_nothing(index_elements=["user_id", "key"]).returning(Notification.id)
    if db.session.scalar(row) is None:
        return False
    if mail_preferences.wants(user_id, kind):
        mail.notification(
            db.session.get_one(User, user_id), kind.value, mail_preferences.TOPICS[kind], title, message,
            url, label, mail_preferences.token(user_id, kind), key,
        )  # fmt: skip
    return True


def unread(user_id: ColumnElement[uuid.UUID]) -> ColumnElement[int]:
    """Build the SQL counting unread notifications of `user_id`, a column, up to COUNTED."""
    table = Notification.__table__.c
    some = select(table.id).where(table.user_id == user_id, table.read_at.is_(None)).limit(COUNTED)
    return select(func.count()).select_from(some.correlate_except(Notification).subquery()).scalar_subquery()


def page_of(user: User, before: uuid.UUID | None = None) -> Page[Notification]:
    """Load a page of `user`'s notifications, newest first, behind the row `before`.

    Raises NotFound for another person's row.
    """
    query = select(Notification).where(Notification.user_id == user.id)
    last = find(user, before) if before is not None else None
    place = (last.created_at, last.id) if last else None
    newest = pagination.newest_first(query, Notification.created_at, Notification.id, place)
    return pagination.cut(db.session.scalars(newest.limit(PER_PAGE + 1)), PER_PAGE, lambda row: row.id)


def find(user: User, notification_id: uuid.UUID) -> Notification:
    """Find one of `user`'s notifications; raises NotFound for another person's."""
    row = db.session.scalar(select(Notification).where(_theirs(user), Notification.id == notification_id))
    if row is None:
        raise NotFound
    return row


def read(notification: Notification) -> None:
    """Mark as read; keeps the first time."""
    notification.read_at = notification.read_at or clock.now()


def read_all(user: User) -> None:
    """Mark all of `user`'s notifications as read."""
    unread_ones = and_(_theirs(user), Notification.read_at.is_(None))
    now = clock.now()
    db.session.execute(update(Notification).where(unread_ones).values(read_at=now, updated_at=now))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _theirs(user: User) -> ColumnElement[bool]:
    return Notification.user_id == user.id

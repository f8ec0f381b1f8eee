"""What people are told on the site, and by mail unless they would rather not."""

import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select, update
from werkzeug.exceptions import NotFound

import mail
from domain.base import clock, pagination
from domain.platform import mail_preferences
from models import Notification, NotificationKind, User, db, upsert

PER_PAGE = 30
# The bell says no more than “9+”.
COUNTED = 10


@dataclass(frozen=True)
class Page:
    """A page of what somebody was told, newest first; `after` is the last row's id when there are more."""

    rows: list[Notification]
    after: uuid.UUID | None


def tell(
    user_id: uuid.UUID,
    kind: NotificationKind,
    title: str,
    message: str = "",
    url: str = "",
    label: str = "",
    key: str | None = None,
) -> bool:
    """Tell somebody something in this transaction; with a `key` once, however often it is called.

    `url` is a path of this site that the notification leads to, `label` what its button says. It goes by mail
    as well, whole, where the kind does and they want that. Says whether they weren't told before.
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
            url, label, mail_preferences.token(user_id, kind),
        )  # fmt: skip
    return True


def unread(user_id: ColumnElement[uuid.UUID]) -> ColumnElement[int]:
    """How many notifications `user_id`, a column, hasn't read, up to COUNTED: part of another query."""
    table = Notification.__table__.c
    some = select(table.id).where(table.user_id == user_id, table.read_at.is_(None)).limit(COUNTED)
    return select(func.count()).select_from(some.correlate_except(Notification).subquery()).scalar_subquery()


def page_of(user: User, before: uuid.UUID | None = None) -> Page:
    """What `user` was told, newest first: the first page, or the one that comes after the row `before`.

    Raises NotFound when that is no notification of theirs.
    """
    query = select(Notification).where(Notification.user_id == user.id)
    if before is not None:
        last = find(user, before)
        place = Notification.created_at, Notification.id
        query = query.where(*pagination.behind(*place, (last.created_at, last.id)))
    newest = query.order_by(Notification.created_at.desc(), Notification.id.desc())
    rows = list(db.session.scalars(newest.limit(PER_PAGE + 1)))
    shown = rows[:PER_PAGE]
    return Page(shown, shown[-1].id if len(rows) > PER_PAGE else None)


def find(user: User, notification_id: uuid.UUID) -> Notification:
    """One of `user`'s notifications; raises NotFound for everybody else's."""
    row = db.session.scalar(select(Notification).where(_theirs(user), Notification.id == notification_id))
    if row is None:
        raise NotFound
    return row


def read(notification: Notification) -> None:
    """Note that it was read; the first time is kept."""
    notification.read_at = notification.read_at or clock.now()


def read_all(user: User) -> None:
    """Note that `user` has read everything."""
    unread_ones = and_(_theirs(user), Notification.read_at.is_(None))
    now = clock.now()
    db.session.execute(update(Notification).where(unread_ones).values(read_at=now, updated_at=now))


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _theirs(user: User) -> ColumnElement[bool]:
    return Notification.user_id == user.id

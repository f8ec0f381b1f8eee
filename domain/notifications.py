"""What people are told on the site, and by mail unless they would rather not."""

import uuid

from models import Notification, NotificationKind, db, upsert


def tell(
    user_id: uuid.UUID,
    kind: NotificationKind,
    title: str,
    message: str = "",
    url: str = "",
    label: str = "",
    key: str | None = None,
) -> None:
    """Tell somebody something in this transaction; with a `key` once, however often it is called.

    `url` is a path of this site that the notification leads to, `label` what its button says.
    """
    row = upsert(Notification).values(
        user_id=user_id, kind=kind, title=title[:200], message=message[:500], action_url=url,
        action_label=label, key=key,
    )  # fmt: skip
    db.session.execute(row.on_conflict_do_nothing(index_elements=["user_id", "key"]))

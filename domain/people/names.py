"""Folded names of people, by which admins find and sort them: the whole name, and its last word.

They are written with the name, whoever writes it. The worker writes those that are missing after an upgrade;
`flask stats rebuild` corrects all.
"""

import uuid
from typing import Any

from sqlalchemy import event, select, update

import jobs
from domain.base.word_folding import fold
from models import User, db

LONGEST = 100
BATCH = 500
MISSING = "?"  # what columns hold that were added, or written by a version that didn’t know them


def folded(name: str) -> dict[str, str]:
    """Fold `name` into the columns `name_folded` and `surname_folded`."""
    whole = " ".join(fold(name).split())
    return {"name_folded": whole[:LONGEST], "surname_folded": whole.rpartition(" ")[2][:LONGEST]}


@event.listens_for(User.name, "set")
def _keep_folded(user: User, name: Any, _before: Any, _initiator: Any) -> None:
    for column, value in folded(name or "").items():
        setattr(user, column, value)


def fold_missing(after: str | None = None) -> None:
    """Fold the names of the next BATCH people that aren't folded yet, then enqueue the rest."""
    query = select(User.id, User.name).where(User.name_folded == MISSING)
    if after is not None:
        query = query.where(User.id > uuid.UUID(after))
    rows = db.session.execute(query.order_by(User.id).limit(BATCH)).all()
    for id_, name in rows:
        still = (User.id == id_, User.name == name)
        db.session.execute(update(User).where(*still).values(**folded(name)))
    if len(rows) == BATCH:
        jobs.enqueue("fold_names", after=str(rows[-1][0]))


def refold_all() -> int:
    """Correct the folded names of all people; returns how many were wrong."""
    corrected, last = 0, None
    while True:
        query = select(User.id, User.name, User.name_folded, User.surname_folded).order_by(User.id)
        rows = db.session.execute((query.where(User.id > last) if last else query).limit(BATCH)).all()
        for id_, name, whole, surname in rows:
            right = folded(name)
            if right != {"name_folded": whole, "surname_folded": surname}:
                db.session.execute(update(User).where(User.id == id_).values(**right))
                corrected += 1
        if len(rows) < BATCH:
            return corrected
        last = rows[-1][0]

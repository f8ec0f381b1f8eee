"""The queue of what waits for an admin: put there by whoever asks, decided by one admin at a time."""

import uuid

from sqlalchemy import Select, select, update

from domain import clock
from models import ModerationItem, ModerationKind, Verdict, db, upsert


def put(
    kind: ModerationKind, subject_id: uuid.UUID, title: str, creator_id: uuid.UUID | None
) -> ModerationItem:
    """Let the subject wait for an admin; one that waits already goes on waiting since then.

    `creator_id` is whose it is: the course's creator, the review's author, the applicant.
    """
    row = upsert(ModerationItem).values(
        kind=kind, subject_id=subject_id, title=title[:200], creator_id=creator_id
    )
    db.session.execute(row.on_conflict_do_nothing())
    return db.session.scalars(_waiting(kind, subject_id)).one()


def waiting(kind: ModerationKind, subject_id: uuid.UUID) -> ModerationItem | None:
    """The open item of the subject, if it waits."""
    return db.session.scalars(_waiting(kind, subject_id)).one_or_none()


def withdraw(kind: ModerationKind, subject_id: uuid.UUID) -> None:
    """Take what nobody asks for any longer out of the queue."""
    db.session.execute(
        update(ModerationItem)
        .where(
            ModerationItem.kind == kind,
            ModerationItem.subject_id == subject_id,
            ModerationItem.closed_at.is_(None),
        )
        .values(verdict=Verdict.WITHDRAWN, closed_at=clock.now(), claimed_by=None, claimed_until=None)
    )


def _waiting(kind: ModerationKind, subject_id: uuid.UUID) -> Select[ModerationItem]:
    return select(ModerationItem).where(
        ModerationItem.kind == kind,
        ModerationItem.subject_id == subject_id,
        ModerationItem.closed_at.is_(None),
    )

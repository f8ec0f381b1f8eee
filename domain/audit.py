"""The audit log: who did what to what, and when."""

import uuid

from models import AuditEntry, User, db


def record(actor: User | None, action: str, subject: object, note: str = "") -> AuditEntry:
    """Write down that `actor` (None: the system) did `action` to `subject`, a row with an id."""
    entry = AuditEntry(
        actor_id=actor.id if actor else None,
        action=action,
        subject_type=type(subject).__name__.lower(),
        subject_id=str(_key(subject)),
        note=note,
    )
    db.session.add(entry)
    return entry


def _key(subject: object) -> uuid.UUID | str:
    key: uuid.UUID | str = getattr(subject, "id", "")
    return key

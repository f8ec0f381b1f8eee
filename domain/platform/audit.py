"""The audit log: actor, action, subject and time of what was done. Append-only."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select

from domain.base import pagination
from domain.base.pagination import Page
from domain.platform.audit_actions import AuditAction
from models import AuditEntry, User, db

PAGE_SIZE = 50
Actors = tuple[AuditEntry, str | None, str | None]  # an entry, its actor's name and address
BLOCK = 500
MOST_ACTIONS = 200
SYSTEM = "system"
MOST_OF_ID = 64


def record(actor: User | None, action: AuditAction, subject: object, note: str = "") -> AuditEntry:
    """Append an entry: `actor` (None: the system) did `action` to `subject`, a row with an id."""
    entry = AuditEntry(
        actor_id=actor.id if actor else None,
        action=action.value,
        subject_type=subject.__class__.__name__.lower(),  # not type(): current_user is a LocalProxy
        subject_id=_name(subject),
        note=note,
    )
    db.session.add(entry)
    return entry


def _name(subject: object) -> str:
    """Cut a subject's id to the column's length: Stripe promises no limit for its ids."""
    return str(getattr(subject, "id", ""))[:MOST_OF_ID]


@dataclass(frozen=True)
class AuditFilter:
    """A filter of the log: by an actor's address, an action, a subject ("order/<id>"), and days (UTC)."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    first_day: date | None = None
    last_day: date | None = None


def page(question: AuditFilter, after: uuid.UUID | None) -> Page[Actors]:
    """Load a page of the filtered log, with actors' names and addresses, behind the cursor `after`."""
    rows = _rows(question, db.session.get(AuditEntry, after) if after else None, PAGE_SIZE + 1)
    return pagination.cut(rows, PAGE_SIZE, lambda row: row[0].id)


class AuditRow(NamedTuple):
    """A row of the export."""

    id: uuid.UUID
    at: datetime
    actor: str | None
    actor_email: str | None
    action: str
    subject_type: str
    subject_id: str
    note: str


def blocks(question: AuditFilter) -> Iterator[list[AuditRow]]:
    """Yield the whole filtered log, newest first, in blocks of BLOCK rows, each read on demand."""
    entry = AuditEntry.__table__.c
    columns: tuple[Any, ...] = (
        entry.id, entry.at, User.name, User.email, entry.action, entry.subject_type, entry.subject_id,
        entry.note,
    )  # fmt: skip
    last = None
    while True:
        found = db.session.execute(
            _ask(select(*columns).select_from(AuditEntry), question, last).limit(BLOCK)
        )
        rows = [AuditRow(*row) for row in found]
        if rows:
            yield rows
        if len(rows) < BLOCK:
            return
        last = rows[-1]


def actions() -> list[str]:
    """List the distinct actions, stepping from one to the next in the index (loose index scan)."""
    step = select(func.min(AuditEntry.action).label("action")).cte("step", recursive=True)
    next_ = select(func.min(AuditEntry.action)).where(AuditEntry.action > step.c.action).scalar_subquery()
    step = step.union_all(select(next_).where(step.c.action.is_not(None)))
    query = select(step.c.action).where(step.c.action.is_not(None)).limit(MOST_ACTIONS)
    return list(db.session.scalars(query))


def latest(limit: int) -> list[Actors]:
    """List the newest entries with their actors' names and addresses."""
    return _rows(AuditFilter(), None, limit)


def history_of(kind: str, subject_id: uuid.UUID | str, limit: int) -> list[tuple[AuditEntry, str | None]]:
    """List the newest entries about a subject, by kind ("order", "user", …) and id, with actors' names."""
    found = _rows(AuditFilter(subject=f"{kind}/{str(subject_id)[:MOST_OF_ID]}"), None, limit)
    return [(entry, name) for entry, name, _email in found]


def _rows(question: AuditFilter, last: AuditEntry | None, limit: int) -> list[Actors]:
    query = _ask(select(AuditEntry, User.name, User.email), question, last).limit(limit)
    return [(row[0], row[1], row[2]) for row in db.session.execute(query)]


def _ask(entries: Any, question: AuditFilter, last: AuditEntry | AuditRow | None) -> Select[*tuple[Any, ...]]:
    """Add filter, actors and keyset pagination behind `last` to a query, newest first."""
    query: Select[*tuple[Any, ...]] = entries.outerjoin(User, User.id == AuditEntry.actor_id)
    if question.actor == SYSTEM:
        query = query.where(AuditEntry.actor_id.is_(None))
    elif question.actor:
        actor = select(User.id).where(User.email == question.actor.lower()).scalar_subquery()
        query = query.where(AuditEntry.actor_id == actor)
    if question.action:
        query = query.where(AuditEntry.action == question.action)
    if question.subject:
        kind, _, key = question.subject.partition("/")
        query = query.where(AuditEntry.subject_type == kind, AuditEntry.subject_id == key)
    if question.first_day:
        query = query.where(AuditEntry.at >= _start_of(question.first_day))
    if question.last_day:
        query = query.where(AuditEntry.at < _start_of(question.last_day) + timedelta(days=1))
    place = (last.at, last.id) if last is not None else None
    ordered: Select[*tuple[Any, ...]] = pagination.newest_first(query, AuditEntry.at, AuditEntry.id, place)
    return ordered


def _start_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)

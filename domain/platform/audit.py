"""The audit log: who did what to what, and when."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, func, select

from domain.base import pagination
from models import AuditEntry, User, db

PAGE_SIZE = 50
BLOCK = 500
MOST_ACTIONS = 200
SYSTEM = "system"
MOST_OF_ID = 64


def record(actor: User | None, action: str, subject: object, note: str = "") -> AuditEntry:
    """Write down that `actor` (None: the system) did `action` to `subject`, a row with an id."""
    entry = AuditEntry(
        actor_id=actor.id if actor else None,
        action=action,
        subject_type=type(subject).__name__.lower(),
        subject_id=_name(subject),
        note=note,
    )
    db.session.add(entry)
    return entry


def _name(subject: object) -> str:
    """Its id, as far as there is room: those that Stripe gives have no limit we know."""
    return str(getattr(subject, "id", ""))[:MOST_OF_ID]


@dataclass(frozen=True)
class Question:
    """Which entries to show: by whom (an address), which action, about what ("order/<id>"), on which days."""

    actor: str = ""
    action: str = ""
    subject: str = ""
    first_day: date | None = None
    last_day: date | None = None


@dataclass(frozen=True)
class Page:
    """Entries with their actors' names and addresses, newest first; `after`: the last one's id, if more."""

    rows: list[tuple[AuditEntry, str | None, str | None]]
    after: uuid.UUID | None


def page(question: Question, after: uuid.UUID | None) -> Page:
    """The entries asked for, from behind `after` on."""
    rows = _rows(question, db.session.get(AuditEntry, after) if after else None, PAGE_SIZE + 1)
    return Page(rows[:PAGE_SIZE], rows[PAGE_SIZE - 1][0].id if len(rows) > PAGE_SIZE else None)


class Line(NamedTuple):
    """An entry as it is exported."""

    id: uuid.UUID
    at: datetime
    actor: str | None
    actor_email: str | None
    action: str
    subject_type: str
    subject_id: str
    note: str


def blocks(question: Question) -> Iterator[list[Line]]:
    """All the entries asked for, newest first, a block at a time: each is read when it is wanted."""
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
        rows = [Line(*row) for row in found]
        if rows:
            yield rows
        if len(rows) < BLOCK:
            return
        last = rows[-1]


def actions() -> list[str]:
    """Every action that was ever written down, by stepping through their index from one to the next."""
    step = select(func.min(AuditEntry.action).label("action")).cte("step", recursive=True)
    next_ = select(func.min(AuditEntry.action)).where(AuditEntry.action > step.c.action).scalar_subquery()
    step = step.union_all(select(next_).where(step.c.action.is_not(None)))
    query = select(step.c.action).where(step.c.action.is_not(None)).limit(MOST_ACTIONS)
    return list(db.session.scalars(query))


def latest(limit: int) -> list[tuple[AuditEntry, str | None, str | None]]:
    """What happened last, with whoever did it."""
    return _rows(Question(), None, limit)


def history_of(kind: str, subject_id: uuid.UUID | str, limit: int) -> list[tuple[AuditEntry, str | None]]:
    """What happened last to the `kind` ("order", "user", …) of that id, with the names of who did it."""
    found = _rows(Question(subject=f"{kind}/{str(subject_id)[:MOST_OF_ID]}"), None, limit)
    return [(entry, name) for entry, name, _email in found]


def _rows(
    question: Question, last: AuditEntry | None, limit: int
) -> list[tuple[AuditEntry, str | None, str | None]]:
    query = _ask(select(AuditEntry, User.name, User.email), question, last).limit(limit)
    return [(row[0], row[1], row[2]) for row in db.session.execute(query)]


def _ask(entries: Any, question: Question, last: AuditEntry | Line | None) -> Select[*tuple[Any, ...]]:
    """The entries asked for with their actors, newest first, from behind `last` on."""
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
    if last is not None:
        query = query.where(*pagination.behind(AuditEntry.at, AuditEntry.id, (last.at, last.id)))
    return query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc())


def _start_of(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)

"""Findings: what disagrees between Stripe's books and ours, kept until it is resolved.

One that is no longer found is resolved by itself. One that a person has explained stays resolved as long as
it says the same.
"""

import uuid
from collections.abc import Iterable
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import joinedload

from domain import Refused
from domain.base import clock, pagination, sql
from domain.base.pagination import Page
from domain.books.differences import Difference
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import BooksFinding, User, db

GONE = "No longer differs."
MAX_NOTE = 1000
PAGE_SIZE = 50
OPEN = BooksFinding.resolved_at.is_(None)


def settle(differences: Iterable[Difference]) -> int:
    """Keep `differences` as the open findings: others end, and what has ended begins again when it is back.

    Returns how many are open.
    """
    found = {one.key: one for one in differences}
    known = {
        row.key: row for row in sql.locked(select(BooksFinding).where(or_(OPEN, BooksFinding.key.in_(found))))
    }
    for key, one in found.items():
        _keep(known.get(key), one)
    for key, row in known.items():
        if key not in found and row.resolved_at is None:
            row.resolved_at, row.resolution = clock.now(), GONE
    db.session.flush()
    return count()


def explain(finding: BooksFinding, note: str, actor: User) -> None:
    """Resolve a finding in words. Raises Refused."""
    resolve(finding, note, actor)
    audit.record(actor, AuditAction.BOOKS_EXPLAINED, finding, f"{finding.sentence} {note}")


def resolve(finding: BooksFinding, note: str, actor: User) -> None:
    """Resolve a finding with `note`. Raises Refused when it was resolved meanwhile."""
    sql.lock(finding)
    if finding.resolved_at is not None:
        raise Refused("This was resolved meanwhile.")
    if not note.strip():
        raise Refused("Write what it is, for the record.", "note")
    finding.resolved_at, finding.resolution = clock.now(), note.strip()[:MAX_NOTE]
    finding.resolved_by_id = actor.id
    db.session.flush()


def count() -> int:
    """Count the open findings."""
    return db.session.scalar(select(func.count()).select_from(BooksFinding).where(OPEN)) or 0


def listed_open() -> list[BooksFinding]:
    """List the open findings, oldest first."""
    return list(db.session.scalars(select(BooksFinding).where(OPEN).order_by(BooksFinding.found_at)))


def page(resolved: bool, after: uuid.UUID | None) -> Page[BooksFinding]:
    """List findings behind the one with the id `after`, newest first: the open ones, or the resolved ones."""
    at = BooksFinding.resolved_at if resolved else BooksFinding.found_at
    last = db.session.get(BooksFinding, after) if after is not None else None
    moment = None if last is None else last.resolved_at if resolved else last.found_at
    mark = (moment, last.id) if last is not None and moment is not None else None
    query = select(BooksFinding).where(~OPEN if resolved else OPEN).options(*_whole())
    rows = db.session.scalars(pagination.newest_first(query, at, BooksFinding.id, mark).limit(PAGE_SIZE + 1))
    return pagination.cut(rows, PAGE_SIZE, lambda row: row.id)


def find(finding_id: uuid.UUID) -> BooksFinding | None:
    """Load a finding with what its page shows."""
    return db.session.scalar(select(BooksFinding).where(BooksFinding.id == finding_id).options(*_whole()))


def _keep(row: BooksFinding | None, one: Difference) -> None:
    values = {
        "kind": one.kind, "sentence": one.sentence, "subject": one.subject, "amount_cents": one.cents,
        "currency": one.currency, "order_id": one.order_id, "creator_id": one.creator_id,
    }  # fmt: skip
    if row is None:
        db.session.add(BooksFinding(key=one.key, found_at=clock.now(), **values))
        return
    if row.resolved_at is not None:
        if row.resolved_by_id is not None and row.sentence == one.sentence:
            return
        row.found_at, row.resolved_at, row.resolution, row.resolved_by_id = clock.now(), None, None, None
    for name, value in values.items():
        setattr(row, name, value)


def _whole() -> tuple[Any, ...]:
    names = (BooksFinding.order, BooksFinding.creator, BooksFinding.resolved_by)
    return tuple(joinedload(name) for name in names)

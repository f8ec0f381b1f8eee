"""Payment alerts: orders with a problem, and Stripe events about money that belongs to no order."""

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import joinedload

from domain import Refused
from domain.base import clock, pagination, text
from domain.base.pagination import Page
from domain.disputes import listing as disputes
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from models import AuditEntry, Order, StripeEvent, User, db

PAGE_SIZE = 50
MOST_COUNTED = 100
MAX_NOTE = 1000
OPEN_ORDER = (Order.problem.is_not(None), Order.looked_at.is_(None))
OPEN_EVENT = (StripeEvent.problem.is_not(None), StripeEvent.looked_at.is_(None))
Row = Order | StripeEvent


@dataclass(frozen=True)
class Alert:
    """An open alert of an order or an event; the other of the two is None."""

    at: datetime
    problem: str
    order: Order | None
    event: StripeEvent | None


def page(after: str) -> Page[Alert]:
    """List the open alerts after the cursor `after`, newest first."""
    last = _row(after)
    rows: list[Row] = [
        *db.session.scalars(_orders(last).options(joinedload(Order.user))),
        *db.session.scalars(_events(last)),
    ]
    rows.sort(key=lambda row: (_at(row), isinstance(row, Order)), reverse=True)
    found = pagination.cut(rows, PAGE_SIZE, _key)
    return Page([_alert(row) for row in found.rows], found.after)


def count() -> int:
    """Count the open alerts and the disputes to answer in one query, at most MOST_COUNTED + 1 of each."""
    return int(db.session.scalar(select(open_count())) or 0)


def open_count() -> ColumnElement[int]:
    """Build the SQL expression of `count`, for another query."""
    return _some(Order.id, OPEN_ORDER) + _some(StripeEvent.id, OPEN_EVENT) + disputes.open_count()


def history_of(event: StripeEvent) -> list[tuple[AuditEntry, str | None]]:
    """List the audit log of an event."""
    return audit.history_of("stripeevent", event.id, PAGE_SIZE)


def dismiss(row: Row, admin: User, note: str) -> None:
    """Acknowledge the alert of an order or event with a note. Idempotent.

    Raises Refused for one without a problem.
    """
    is_order = isinstance(row, Order)
    if row.problem is None:
        raise Refused(f"There’s no open alert for this {'order' if is_order else 'event'}.")
    if row.looked_at is not None:
        return
    row.looked_at = clock.now()
    audit.record(
        admin,
        AuditAction.LOOK_AT_ORDER if is_order else AuditAction.LOOK_AT_EVENT,
        row,
        text.paragraphs(note)[:MAX_NOTE],
    )
    db.session.flush()


def _orders(last: Row | None) -> Select[Order]:
    query = select(Order).where(*OPEN_ORDER)
    if isinstance(last, Order):
        query = query.where(*pagination.behind(Order.created_at, Order.id, (last.created_at, last.id)))
    elif last is not None:
        query = query.where(Order.created_at < last.received_at)
    return query.order_by(Order.created_at.desc(), Order.id.desc()).limit(PAGE_SIZE + 1)


def _events(last: Row | None) -> Select[StripeEvent]:
    query = select(StripeEvent).where(*OPEN_EVENT)
    if isinstance(last, StripeEvent):
        query = query.where(
            *pagination.behind(StripeEvent.received_at, StripeEvent.id, (last.received_at, last.id))
        )
    elif last is not None:
        query = query.where(StripeEvent.received_at <= last.created_at)
    return query.order_by(StripeEvent.received_at.desc(), StripeEvent.id.desc()).limit(PAGE_SIZE + 1)


def _at(row: Row) -> datetime:
    return row.created_at if isinstance(row, Order) else row.received_at


def _key(row: Row) -> str:
    return f"order-{row.id}" if isinstance(row, Order) else f"event-{row.id}"


def _row(key: str) -> Row | None:
    """Load the row of a cursor, even if its alert was acknowledged meanwhile; None if malformed."""
    kind, _, name = key.partition("-")
    if kind == "event" and name.isascii() and name.isprintable():
        return db.session.get(StripeEvent, name)
    try:
        return db.session.get(Order, uuid.UUID(name)) if kind == "order" else None
    except ValueError:
        return None


def _alert(row: Row) -> Alert:
    order, event = (row, None) if isinstance(row, Order) else (None, row)
    return Alert(_at(row), row.problem or "", order, event)


def _some(key: Any, conditions: tuple[ColumnElement[bool], ...]) -> Any:
    some = select(key).where(*conditions).limit(MOST_COUNTED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()

"""The queries of the admin dashboard: pending work, failures, sales."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, func, literal, select, union_all

from domain.base import clock
from domain.commerce import alert_list
from domain.disputes import listing as dispute_listing
from domain.ledger.states import BOUGHT
from models import (
    DailySales,
    EmailMessage,
    EmailStatus,
    Job,
    JobState,
    MediaAsset,
    MediaStatus,
    ModerationItem,
    ModerationKind,
    Order,
    Purchase,
    StripeEvent,
    WorkerBeat,
    db,
)

COUNTED = 100  # the counts stop here, so that a large backlog doesn't slow the page down
DAYS = 30


@dataclass(frozen=True)
class WaitingCount:
    """The number of pending items of a kind (COUNTED + 1: more than COUNTED), and the time of the oldest."""

    kind: ModerationKind
    count: int
    since: datetime | None


@dataclass(frozen=True)
class FailureCounts:
    """The numbers of failures, counted as above; `worker_seen_at` is the worker's last heartbeat."""

    jobs: int
    mails: int
    webhooks: int
    recordings: int
    alerts: int
    disputes: int
    worker_seen_at: datetime | None


@dataclass(frozen=True)
class DailySalesChart:
    """Sales in one currency on each of the last DAYS days (UTC), oldest first, in minor units."""

    currency: str
    days: list[tuple[dt.date, int]]

    @property
    def points(self) -> list[tuple[str, int]]:
        """Format the days for a chart."""
        return [(f"{day.day} {day:%b}", cents) for day, cents in self.days]

    @property
    def total(self) -> int:
        """Sum all days, in minor units."""
        return sum(cents for _, cents in self.days)


def waiting() -> list[WaitingCount]:
    """Count the pending items by kind, in one query."""
    return [
        WaitingCount(ModerationKind(row.kind), row.waits, row.since) for row in db.session.execute(_waiting())
    ]


def failures() -> FailureCounts:
    """Count the failures that need a retry or a person, in one query."""
    return FailureCounts(*db.session.execute(_failures()).one())


@cache
def _waiting() -> CompoundSelect[Any]:
    parts = []
    for kind in ModerationKind:
        waits = ModerationItem.closed_at.is_(None) & ModerationItem.effective_at.is_(None)
        open_ = (ModerationItem.kind == kind, waits)
        oldest = select(ModerationItem.created_at).where(*open_).order_by(ModerationItem.created_at).limit(1)
        parts.append(
            select(
                literal(kind.value).label("kind"),
                _count(ModerationItem.id, *open_).label("waits"),
                oldest.scalar_subquery().label("since"),
            )
        )
    return union_all(*parts)


@cache
def _failures() -> Select[Any]:
    return select(
        _count(Job.id, Job.state == JobState.DEAD),
        _count(EmailMessage.id, EmailMessage.status == EmailStatus.FAILED),
        _count(StripeEvent.id, StripeEvent.processed_at.is_(None), StripeEvent.error.is_not(None)),
        _count(MediaAsset.id, MediaAsset.status == MediaStatus.ERROR),
        alert_list.open_count(),
        dispute_listing.open_count(),
        select(func.max(WorkerBeat.at)).scalar_subquery(),
    )


def sales() -> list[DailySalesChart]:
    """Load the sales of the last DAYS days by currency, the highest first.

    Without tax, before refunds. Days with daily totals are read from there, later ones from the purchases:
    two queries.
    """
    today = clock.now().date()
    first = today - timedelta(days=DAYS - 1)
    table = DailySales.__table__.c
    totals: dict[str, dict[dt.date, int]] = defaultdict(dict)
    newest = first - timedelta(days=1)
    added_up = select(table.date, table.currency, table.gross_cents).where(table.date >= first)
    for day, currency, cents in db.session.execute(added_up):
        totals[currency][day] = cents
        newest = max(newest, day)
    # The newest day may have been aggregated before it was over.
    since = max(newest, first)
    for currency in totals:
        totals[currency].pop(since, None)
    for day, currency, cents in db.session.execute(_sold_since(since)):
        totals[currency][dt.date.fromisoformat(str(day))] = int(cents)
    days = [first + timedelta(days=number) for number in range(DAYS)]
    found = [
        DailySalesChart(currency, [(day, by_day.get(day, 0)) for day in days])
        for currency, by_day in totals.items()
    ]
    return sorted((one for one in found if one.total), key=lambda one: one.total, reverse=True)


def _sold_since(day: dt.date) -> Select[Any]:
    start = datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
    on = _day_of(Order.completed_at)
    return (
        select(on, Purchase.currency, func.sum(Purchase.amount_cents))
        .join(Purchase, Purchase.order_id == Order.id)
        .where(Purchase.status.in_(BOUGHT), Order.completed_at >= start)
        .group_by(on, Purchase.currency)
    )


def _day_of(moment: Any) -> ColumnElement[Any]:
    """Convert a timestamp to its day (UTC); SQLite returns it as text."""
    if db.session.get_bind().dialect.name == "postgresql":
        return func.date(func.timezone("UTC", moment))
    return func.date(moment)


def _count(key: Any, *conditions: ColumnElement[bool]) -> Any:
    """Count rows up to COUNTED + 1."""
    some = select(key).where(*conditions).limit(COUNTED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()

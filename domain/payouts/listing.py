"""Lists for admins: runs with what became of their payouts, payouts by state, and open holds."""

import uuid
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import selectinload

from domain.base import pagination
from domain.base.pagination import Page
from models import Payout, PayoutHold, PayoutRun, PayoutStatus, User, db

PER_PAGE = 50
RUNS = 12


@dataclass
class RunSum:
    """A run and its payouts: how many in which state, and what was paid by currency."""

    run: PayoutRun
    counts: dict[PayoutStatus, int] = field(default_factory=dict)
    cents: dict[str, int] = field(default_factory=dict)


def runs() -> list[RunSum]:
    """List the newest runs."""
    query = select(PayoutRun).order_by(PayoutRun.created_at.desc(), PayoutRun.id.desc()).limit(RUNS)
    found = {run.id: RunSum(run) for run in db.session.scalars(query)}
    parts = select(
        Payout.run_id, Payout.status, Payout.currency, func.count(), func.sum(Payout.amount_cents)
    ).where(Payout.run_id.in_(found))
    grouped = parts.group_by(Payout.run_id, Payout.status, Payout.currency)
    for run_id, status, currency, count, cents in db.session.execute(grouped):
        one = found[run_id]
        one.counts[status] = one.counts.get(status, 0) + count
        if status == PayoutStatus.PAID:
            one.cents[currency] = one.cents.get(currency, 0) + int(cents)
    return list(found.values())


def payouts(status: PayoutStatus | None, after: uuid.UUID | None, run_id: uuid.UUID | None) -> Page[Payout]:
    """Load a page of payouts, newest first, of one state or one run, behind the payout `after`."""
    query = select(Payout).options(selectinload(Payout.creator))
    if status is not None:
        query = query.where(Payout.status == status)
    if run_id is not None:
        query = query.where(Payout.run_id == run_id)
    mark = db.session.get(Payout, after) if after is not None else None
    last = (mark.created_at, mark.id) if mark is not None else None
    newest = pagination.newest_first(query, Payout.created_at, Payout.id, last)
    return pagination.cut(db.session.scalars(newest.limit(PER_PAGE + 1)), PER_PAGE, lambda row: row.id)


def open_holds(after: uuid.UUID | None) -> Page[PayoutHold]:
    """Load a page of the open holds, newest first, behind the hold `after`."""
    query = select(PayoutHold).where(PayoutHold.until.is_(None)).options(selectinload(PayoutHold.creator))
    mark = db.session.get(PayoutHold, after) if after is not None else None
    last = (mark.since, mark.id) if mark is not None else None
    newest = pagination.newest_first(query, PayoutHold.since, PayoutHold.id, last)
    return pagination.cut(db.session.scalars(newest.limit(PER_PAGE + 1)), PER_PAGE, lambda row: row.id)


def count(status: PayoutStatus) -> int:
    """Count the payouts in a state."""
    return db.session.scalar(select(func.count()).where(Payout.status == status)) or 0


def find(payout_id: uuid.UUID) -> Payout | None:
    """Find a payout with its creator."""
    query = select(Payout).where(Payout.id == payout_id).options(selectinload(Payout.creator))
    return db.session.scalar(query)


def creator_of(address: str) -> User | None:
    """Find a creator or admin by their address of mail."""
    query = select(User).where(User.email == address.strip().lower(), User.deleted_at.is_(None))
    found = db.session.scalar(query)
    return found if found is not None and (found.is_creator or found.is_admin) else None

"""The runner: claims jobs under a lease, runs them, retries with backoff."""

import importlib
import threading
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app
from sqlalchemy import ColumnElement, Select, exists, select, update

from domain.base.log import log
from jobs import schedule
from jobs.enqueueing import enqueue
from jobs.registry import KINDS, LongTask, Task
from models import Job, JobState, Lane, db, now

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 10


@dataclass(frozen=True)
class Claim:
    """A job that this process may run, until its lease expires."""

    job_id: uuid.UUID
    kind: str
    payload: dict[str, Any]
    lease: uuid.UUID


class PutOff(Exception):  # noqa: N818 - no fault: it isn't time yet
    """Raised by a job that must not run before `until`: it waits, and this doesn't count as an attempt."""

    def __init__(self, until: datetime) -> None:
        super().__init__(f"until {until}")
        self.until = until


def due(limit: int = 100) -> list[uuid.UUID]:
    """List the jobs that may run now, of both lanes, in their order."""
    query = select(Job.id).where(*_is_due(now())).order_by(Job.run_after).limit(limit)
    return list(db.session.scalars(query))


def lanes_due() -> list[Lane]:
    """List the lanes in which a job may run now: one cheap query that waits for no writer, to be polled."""
    moment = now()
    waiting = [exists().where(Job.lane == lane, *_is_due(moment)) for lane in Lane]
    with db.engine.connect().execution_options(reads_only=True) as connection:
        found = connection.execute(select(*waiting)).one()
    return [lane for lane, there in zip(Lane, found, strict=True) if there]


def claim_next(lane: Lane) -> Claim | None:
    """Claim the job of a lane that has waited longest; None if there is none that others don't just claim."""
    return _claim(Job.lane == lane)


def perform(claim: Claim) -> None:
    """Run a claimed job, and record how it ended. Never raises for the job's own failure."""
    try:
        with _Renewed(claim):
            _do(KINDS[claim.kind], claim.payload)
        _finish(claim)
    except PutOff as early:
        db.session.rollback()
        _give_back(Job.lease == claim.lease, run_after=early.until)
    except Exception as error:  # noqa: BLE001 - a job may fail in any way; the row says how
        db.session.rollback()
        log.warning("job %s %s failed: %r", claim.kind, claim.job_id, error, exc_info=True)
        _record_failure(claim.job_id, claim.lease, error)


def run(job_id: uuid.UUID) -> bool:
    """Claim and run one job; False if it can't be claimed."""
    claim = _claim(Job.id == job_id)
    if claim is not None:
        perform(claim)
    return claim is not None


def run_all(limit: int = 1000) -> int:
    """Run everything that is due, in this process; for tests, the demo and the command line."""
    db.session.rollback()
    requeue_expired()
    done = 0
    while (ids := due()) and done < limit:
        db.session.rollback()
        done += sum(run(job_id) for job_id in ids)
    db.session.rollback()
    return done


def plan_schedule(at: datetime) -> None:
    """Enqueue the scheduled jobs of `at`; their keys make that idempotent."""
    for entry in schedule.current():
        key, run_after = entry.slot(at)
        enqueue(entry.kind, key=key, run_after=run_after)


def requeue_expired() -> None:
    """Queue the running jobs whose lease has expired, because their worker died, and commit.

    One that has used up its attempts is dead: it may be what kills the worker.
    """
    lost = (Job.state == JobState.RUNNING, Job.leased_until < now())
    spent = select(Job.id, Job.lease).where(*lost, Job.attempts >= MAX_ATTEMPTS)
    for job_id, lease in db.session.execute(spent).all():
        _record_failure(job_id, lease, LostWorkerError("The worker ended while it ran this job."))
    db.session.execute(update(Job).where(*lost).values(_WAITING))
    db.session.commit()


def release(leases: Collection[uuid.UUID]) -> None:
    """Give up running jobs, so that another worker takes them at once; this doesn't count as an attempt."""
    _give_back(Job.lease.in_(leases))


class LostWorkerError(Exception):
    """The worker of a job ended before the job did."""


_WAITING = {"state": JobState.QUEUED, "lease": None, "leased_until": None}


def _give_back(which: ColumnElement[bool], **values: Any) -> None:
    """Queue running jobs again as if they hadn't been claimed, with other `values`, and commit."""
    unclaimed = {**_WAITING, "attempts": Job.attempts - 1, **values}
    db.session.execute(update(Job).where(which, Job.state == JobState.RUNNING).values(unclaimed))
    db.session.commit()


def _is_due(moment: datetime) -> tuple[ColumnElement[bool], ...]:
    return Job.state == JobState.QUEUED, Job.run_after <= moment


def _claim(which: ColumnElement[bool]) -> Claim | None:
    """Claim the first due job, in one statement.

    SQLite has taken the write lock; on PostgreSQL workers skip the rows that others are claiming.
    """
    moment, lease = now(), uuid.uuid4()
    row = db.session.execute(
        update(Job)
        .where(Job.id == _first(which, moment).scalar_subquery())
        .values(state=JobState.RUNNING, attempts=Job.attempts + 1, leased_until=moment + LEASE, lease=lease)
        .returning(Job.id, Job.kind, Job.payload)
    ).first()
    db.session.commit()
    return Claim(row.id, row.kind, row.payload, lease) if row else None


def _first(which: ColumnElement[bool], moment: datetime) -> Select[uuid.UUID]:
    query = select(Job.id).where(which, *_is_due(moment)).order_by(Job.run_after).limit(1)
    return query.with_for_update(skip_locked=True)


def _do(kind: Task | LongTask, payload: dict[str, Any]) -> None:
    if isinstance(kind, Task):
        _verb(kind.verb)(**payload)
        return
    plan = _verb(kind.begin)(**payload)
    db.session.commit()
    if plan is None:
        return
    result = _verb(kind.work)(plan)
    db.session.rollback()
    _verb(kind.end)(plan, result)


def _verb(path: str) -> Callable[..., Any]:
    module, name = path.rsplit(".", 1)
    verb: Callable[..., Any] = getattr(importlib.import_module(f"domain.{module}"), name)
    return verb


def _finish(claim: Claim) -> None:
    """Mark the job done in the transaction of its effects, which is rolled back if the lease was lost."""
    won = db.session.execute(
        update(Job)
        .where(Job.id == claim.job_id, Job.lease == claim.lease)
        .values(state=JobState.DONE, finished_at=now(), leased_until=None, last_error=None)
    )
    if won.rowcount:  # type: ignore[attr-defined]
        db.session.commit()
    else:
        db.session.rollback()


def _record_failure(job_id: uuid.UUID, lease: uuid.UUID | None, error: Exception) -> None:
    try:
        _fail(job_id, lease, error, is_shown=True)
    except Exception:  # noqa: BLE001 - a job that can't show its failure must not stop the others
        db.session.rollback()
        log.warning("the failure of job %s is only in its row", job_id, exc_info=True)
        _fail(job_id, lease, error, is_shown=False)


def _fail(job_id: uuid.UUID, lease: uuid.UUID | None, error: Exception, is_shown: bool) -> None:
    job = db.session.scalar(select(Job).where(Job.id == job_id, Job.lease == lease))
    if job is not None:
        job.last_error = f"{type(error).__name__}: {error}"[:2000]
        job.leased_until = None
        job.state = JobState.DEAD if job.attempts >= MAX_ATTEMPTS else JobState.QUEUED
        job.run_after = now() + timedelta(seconds=min(5 * 2**job.attempts, 6 * 3600))
        kind = KINDS.get(job.kind)
        if is_shown and isinstance(kind, LongTask):
            _show_failure(kind, job)
    db.session.commit()


def _show_failure(kind: LongTask, job: Job) -> None:
    if kind.fail is not None:
        _verb(kind.fail)(job.last_error, **job.payload)
    if kind.give_up is not None and job.state == JobState.DEAD:
        _verb(kind.give_up)(job.last_error, **job.payload)


class _Renewed:
    """A heartbeat thread that renews a job's lease while it runs."""

    def __init__(self, claim: Claim) -> None:
        self.claim = claim
        self.app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
        self.over = threading.Event()
        self.thread = threading.Thread(target=self._renew, daemon=True)

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.over.set()

    def _renew(self) -> None:
        while not self.over.wait(LEASE.total_seconds() / 3):
            with self.app.app_context():
                try:
                    db.session.execute(
                        update(Job)
                        .where(Job.id == self.claim.job_id, Job.lease == self.claim.lease)
                        .values(leased_until=now() + LEASE)
                    )
                    db.session.commit()
                except Exception:  # noqa: BLE001 - a missed renewal is tried again; the lease decides
                    log.warning("could not renew the lease of job %s", self.claim.job_id)

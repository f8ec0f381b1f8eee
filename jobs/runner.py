"""The runner: claims jobs under a lease, runs them, retries with backoff."""

import importlib
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app
from sqlalchemy import and_, or_, select, update

from domain.base.log import log
from jobs import schedule
from jobs.enqueueing import enqueue
from jobs.registry import KINDS, LongTask, Task
from models import Job, JobState, db, now

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 10


def due(limit: int = 100) -> list[uuid.UUID]:
    """List the jobs that may run: queued and due, or running with an expired lease (their worker died)."""
    query = select(Job.id).where(_claimable(now())).order_by(Job.run_after).limit(limit)
    return list(db.session.scalars(query))


def run(job_id: uuid.UUID) -> bool:
    """Claim and run one job; False if it can't be claimed. Never raises for the job's own failure."""
    job = _claim(job_id)
    if job is None:
        return False
    try:
        with _Renewed(job_id, job.lease):
            _do(KINDS[job.kind], job.payload)
        _finish(job_id, job.lease)
    except Exception as error:  # noqa: BLE001 - a job may fail in any way; the row says how
        db.session.rollback()
        log.warning("job %s %s failed: %r", job.kind, job_id, error, exc_info=True)
        _record_failure(job_id, job.lease, error)
    return True


def run_all(limit: int = 1000) -> int:
    """Run everything that is due, in this process; for tests, the demo and the command line."""
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


def _claimable(moment: datetime) -> Any:
    return or_(
        and_(Job.state == JobState.QUEUED, Job.run_after <= moment),
        and_(Job.state == JobState.RUNNING, Job.leased_until < moment),
    )


@dataclass(frozen=True)
class _Claim:
    kind: str
    payload: dict[str, Any]
    lease: uuid.UUID


def _claim(job_id: uuid.UUID) -> _Claim | None:
    moment, lease = now(), uuid.uuid4()
    row = db.session.execute(
        update(Job)
        .where(Job.id == job_id, _claimable(moment))
        .values(state=JobState.RUNNING, attempts=Job.attempts + 1, leased_until=moment + LEASE, lease=lease)
        .returning(Job.kind, Job.payload)
    ).first()
    db.session.commit()
    return _Claim(row.kind, row.payload, lease) if row else None


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


def _finish(job_id: uuid.UUID, lease: uuid.UUID) -> None:
    """Mark the job done in the transaction of its effects, which is rolled back if the lease was lost."""
    won = db.session.execute(
        update(Job)
        .where(Job.id == job_id, Job.lease == lease)
        .values(state=JobState.DONE, finished_at=now(), leased_until=None, last_error=None)
    )
    if won.rowcount:  # type: ignore[attr-defined]
        db.session.commit()
    else:
        db.session.rollback()


def _record_failure(job_id: uuid.UUID, lease: uuid.UUID, error: Exception) -> None:
    job = db.session.scalar(select(Job).where(Job.id == job_id, Job.lease == lease))
    if job is not None:
        job.last_error = f"{type(error).__name__}: {error}"[:2000]
        job.leased_until = None
        job.state = JobState.DEAD if job.attempts >= MAX_ATTEMPTS else JobState.QUEUED
        job.run_after = now() + timedelta(seconds=min(5 * 2**job.attempts, 6 * 3600))
        kind = KINDS[job.kind]
        if isinstance(kind, LongTask) and kind.fail is not None:
            _verb(kind.fail)(job.last_error, **job.payload)
        if isinstance(kind, LongTask) and kind.give_up is not None and job.state == JobState.DEAD:
            _verb(kind.give_up)(job.last_error, **job.payload)
    db.session.commit()


class _Renewed:
    """A heartbeat thread that renews a job's lease while it runs."""

    def __init__(self, job_id: uuid.UUID, lease: uuid.UUID) -> None:
        self.job_id, self.lease = job_id, lease
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
                        .where(Job.id == self.job_id, Job.lease == self.lease)
                        .values(leased_until=now() + LEASE)
                    )
                    db.session.commit()
                except Exception:  # noqa: BLE001 - a missed renewal is tried again; the lease decides
                    log.warning("could not renew the lease of job %s", self.job_id)

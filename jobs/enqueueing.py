"""Enqueueing: jobs are rows, written in the transaction that causes them."""

import uuid
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import event, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from domain.base.log import log
from jobs.registry import KINDS
from models import Job, JobState, db, now, upsert


def enqueue(
    kind: str, *, key: str | None = None, run_after: datetime | None = None, **payload: Any
) -> uuid.UUID:
    """Enqueue a job in this transaction; `payload` are the keyword arguments of its verb (JSON values).

    `key` is an idempotency key: a second job with the same key is dropped. Raises KeyError for an unknown
    kind.
    """
    KINDS[kind]
    job_id = uuid7()
    row = {"id": job_id, "kind": kind, "payload": payload, "unique_key": key, "run_after": run_after or now()}
    db.session.execute(upsert(Job).values(row).on_conflict_do_nothing(index_elements=["unique_key"]))
    db.session.info.setdefault("new_jobs", []).append(str(job_id))
    return job_id


def hasten(key: str) -> None:
    """Reschedule the job of this key to now, even a dead or finished one, with all its attempts."""
    db.session.execute(
        update(Job)
        .where(Job.unique_key == key, Job.state != JobState.RUNNING)
        .values(state=JobState.QUEUED, attempts=0, run_after=now(), finished_at=None)
    )


def retry(job: Job) -> None:
    """Queue a dead job again with all its attempts."""
    job.state, job.attempts, job.run_after, job.leased_until = JobState.QUEUED, 0, now(), None


@event.listens_for(Session, "after_commit")
def _carry(session: Session) -> None:
    """Publish the new jobs to huey after the commit; what is lost here the worker's poll finds."""
    ids = session.info.pop("new_jobs", [])
    queue = current_app.extensions.get("lectern_carrier") if ids else None
    if queue is None:
        return
    try:
        for job_id in ids:
            queue(job_id)
    except Exception:  # noqa: BLE001 - the request has already succeeded
        log.warning("could not hand jobs to the queue; the worker will find them", exc_info=True)


@event.listens_for(Session, "after_rollback")
def _drop(session: Session) -> None:
    session.info.pop("new_jobs", None)

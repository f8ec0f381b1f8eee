"""Enqueueing: jobs are rows, written in the transaction that causes them."""

import json
import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import update
from uuid_utils.compat import uuid7

from jobs.registry import KINDS
from models import Job, JobState, db, now, upsert


def enqueue(
    kind: str, *, key: str | None = None, run_after: datetime | None = None, **payload: Any
) -> uuid.UUID:
    """Enqueue a job in this transaction; `payload` are the keyword arguments of its verb (JSON values).

    `key` is an idempotency key: a second job with the same key is dropped. Raises KeyError for an unknown
    kind, TypeError for a payload that isn't JSON.
    """
    json.dumps(payload)
    job_id = uuid7()
    row = {
        "id": job_id, "kind": kind, "lane": KINDS[kind].lane, "payload": payload, "unique_key": key,
        "run_after": run_after or now(),
    }  # fmt: skip
    db.session.execute(upsert(Job).values(row).on_conflict_do_nothing(index_elements=["unique_key"]))
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

"""Jobs are rows, written in the transaction whose consequence they are."""

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
    """Ask for a job in this transaction; `payload` is what its verb is called with (JSON values).

    With a `key` the work is done once however often it is asked for. Raises KeyError for an unknown kind.
    """
    KINDS[kind]
    job_id = uuid7()
    row = {"id": job_id, "kind": kind, "payload": payload, "unique_key": key, "run_after": run_after or now()}
    db.session.execute(upsert(Job).values(row).on_conflict_do_nothing(index_elements=["unique_key"]))
    db.session.info.setdefault("new_jobs", []).append(str(job_id))
    return job_id


def hasten(key: str) -> None:
    """Let the job of this key run now, also one that is dead or done, with a full set of tries."""
    db.session.execute(
        update(Job)
        .where(Job.unique_key == key, Job.state != JobState.RUNNING)
        .values(state=JobState.QUEUED, attempts=0, run_after=now(), finished_at=None)
    )


def retry(job: Job) -> None:
    """Give a dead job another full set of tries."""
    job.state, job.attempts, job.run_after, job.leased_until = JobState.QUEUED, 0, now(), None


@event.listens_for(Session, "after_commit")
def _carry(session: Session) -> None:
    """Tell huey of new jobs once they are certain; if it can't be told, the worker's clock finds them."""
    ids = session.info.pop("new_jobs", [])
    carrier = current_app.extensions.get("lectern_carrier") if ids else None
    if carrier is None:
        return
    try:
        for job_id in ids:
            carrier(job_id)
    except Exception:  # noqa: BLE001 - the request has already succeeded
        log.warning("could not hand jobs to the queue; the worker will find them", exc_info=True)


@event.listens_for(Session, "after_rollback")
def _drop(session: Session) -> None:
    session.info.pop("new_jobs", None)

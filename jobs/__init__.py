"""The worker: what runs outside a request, and when.

A job is a row, written in the transaction whose consequence it is, so a crash or a rollback loses
and doubles nothing. The table is the truth; huey carries ids so that work starts at once, and a
clock in the worker picks up what was lost on the way, is due, or was left by a worker that died.

A kind of job is one call into domain/. A `Task` runs in a single transaction together with its own
"done". A `LongTask` holds no transaction while it works: `begin` reads, `work` talks to the outside
(mail, media, Stripe), `end` records.
"""

import importlib
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import Flask, current_app
from sqlalchemy import and_, event, or_, select, update
from sqlalchemy.orm import Session
from uuid_utils.compat import uuid7

from domain.base.log import log
from jobs import schedule
from models import Job, JobState, db, now, upsert

LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 10


@dataclass(frozen=True)
class Task:
    """A job done in one transaction by `verb`, "module.function" below domain/."""

    verb: str


@dataclass(frozen=True)
class LongTask:
    """A job of three verbs: begin(**payload) -> plan or None; work(plan) -> result; end(plan, result).

    Nothing is left to do when `begin` answers None. `fail`, if named, is called as fail(error, **payload)
    after a try that failed, for what has a place of its own to show its failures; `give_up` likewise, but
    only after the last.
    """

    begin: str
    work: str
    end: str
    fail: str | None = None
    give_up: str | None = None


KINDS: dict[str, Task | LongTask] = {
    "send_email": LongTask(
        "platform.outbox.begin_sending",
        "platform.outbox.send",
        "platform.outbox.end_sending",
        "platform.outbox.fail",
    ),
    "send_reset_link": Task("people.password_reset.send_reset_link"),
    "send_registration_mail": Task("people.registration.send_mail"),
    "send_email_change": Task("people.email_change.send_link"),
    "process_media": LongTask(
        "media.transcoding.begin",
        "media.transcoding.process",
        "media.transcoding.end",
        give_up="media.transcoding.give_up",
    ),
    "discard_media": Task("media.transcoding.discard"),
    "move_originals": LongTask(
        "media.originals.begin_moving", "media.originals.move", "media.originals.end_moving"
    ),
    "remove_upload": LongTask(
        "media.upload_sessions.begin_removal",
        "media.upload_sessions.remove",
        "media.upload_sessions.end_removal",
    ),
    "sweep_uploads": Task("media.upload_sessions.sweep"),
    "discard_picture": Task("platform.images.discard"),
    "discard_file": Task("authoring.deletion.discard_file"),
    "copy_picture": Task("authoring.duplication.copy_picture"),
    "import_course": LongTask(
        "portable.course_transfers.begin_import",
        "portable.course_transfers.read_import",
        "portable.course_transfers.end_import",
        "portable.course_transfers.note_failure",
    ),
    "export_course": LongTask(
        "portable.course_transfers.begin_export",
        "portable.course_transfers.pack",
        "portable.course_transfers.end_export",
        "portable.course_transfers.note_failure",
    ),
    "reindex_category": Task("catalog.index.search.reindex_category"),
    "reindex_creator": Task("catalog.index.search.reindex_creator"),
    "correct_course_days": Task("analytics.daily_counts.correct"),
    "recount_learners": Task("learning.recounting.recount_learners"),
    "clean_up": Task("platform.retention.clean_up"),
    "forget_address_marks": Task("people.address_marks.clean_up"),
    "count_events": LongTask(
        "analytics.daily_counts.begin", "analytics.daily_counts.work", "analytics.daily_counts.end"
    ),
    "carry_out_verdict": Task("moderation.deferred_decisions.carry_out"),
    "check_links": LongTask(
        "moderation.link_check.begin", "moderation.link_check.look", "moderation.link_check.end"
    ),
    "expire_courses": Task("catalog.expiry.expire"),
    "warn_of_expiry": Task("catalog.expiry.warn"),
    "process_stripe_event": LongTask(
        "commerce.stripe_events.begin",
        "commerce.stripe_events.look",
        "commerce.stripe_events.end",
        "commerce.stripe_events.fail",
    ),
    "sweep_payments": Task("commerce.reconciliation.sweep"),
    "settle_order": LongTask(
        "commerce.reconciliation.begin", "commerce.reconciliation.look", "commerce.reconciliation.end"
    ),
    "list_stripe_events": LongTask(
        "commerce.reconciliation.begin_listing",
        "commerce.reconciliation.list_events",
        "commerce.reconciliation.end_listing",
    ),
    "tell_of_sale": Task("commerce.wishlist.tell_of_sale"),
    "refund_payment": LongTask("commerce.refunds.begin", "commerce.refunds.send", "commerce.refunds.end"),
    "make_backup": LongTask(
        "platform.backup_jobs.begin",
        "platform.backup_jobs.make",
        "platform.backup_jobs.end",
        "platform.backup_jobs.fail",
        "platform.backup_jobs.give_up",
    ),
    "prove_backup": LongTask(
        "platform.backup_jobs.begin_proof",
        "platform.backup_jobs.prove",
        "platform.backup_jobs.end_proof",
        give_up="platform.backup_jobs.give_up_proof",
    ),
    "snapshot_database": LongTask(
        "platform.backup_jobs.begin_snapshot",
        "platform.backup_jobs.make",
        "platform.backup_jobs.end",
        "platform.backup_jobs.fail_snapshot",
    ),
    "list_backups": LongTask(
        "platform.backup_jobs.begin_listing",
        "platform.backup_jobs.list_all",
        "platform.backup_jobs.end_listing",
    ),
}


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


def due(limit: int = 100) -> list[uuid.UUID]:
    """Jobs that may run now: queued and due, or left running by a worker whose lease ran out."""
    query = select(Job.id).where(_claimable(now())).order_by(Job.run_after).limit(limit)
    return list(db.session.scalars(query))


def run(job_id: uuid.UUID) -> bool:
    """Claim and do one job; answers False when it isn't to be had. Never raises for the job's own failure."""
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
    """Do everything that is due, in this process; for tests, the demo and the command line."""
    done = 0
    while (ids := due()) and done < limit:
        db.session.rollback()
        done += sum(run(job_id) for job_id in ids)
    db.session.rollback()
    return done


def plan_schedule(at: datetime) -> None:
    """Write the jobs that the schedule has to be written at `at`; the key makes them unique."""
    for entry in schedule.current():
        key, run_after = entry.slot(at)
        enqueue(entry.kind, key=key, run_after=run_after)


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
    """Mark the job done in the transaction of its effects; whoever lost the lease undoes its own."""
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
    """Keeps a job's lease alive from a thread of its own while the job works."""

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

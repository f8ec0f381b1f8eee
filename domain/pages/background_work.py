"""Background work for admins: mail, jobs, webhooks, recordings, backups; lists of failures, and retries."""

import uuid
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from jinja2 import TemplateError
from sqlalchemy import ColumnElement, Select, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, joinedload

import jobs
import mail
from domain import Refused
from domain.base import pagination
from domain.base.pagination import Page
from domain.base.redaction import masked
from domain.commerce import stripe_events
from domain.media import recordings
from domain.people import directory
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from jobs import schedule
from models import (
    BackupRecord,
    Course,
    EmailMessage,
    EmailStatus,
    Job,
    JobState,
    MailPurpose,
    MediaAsset,
    MediaStatus,
    StripeEvent,
    User,
    db,
    now,
)

PAGE_SIZE = 50
AT_ONCE = 500
Row = TypeVar("Row")
WAITING = (JobState.QUEUED, JobState.DEAD)


class BackupState(StrEnum):
    """The state of a backup."""

    KEPT = "kept"
    FAILED = "failed"
    GONE = "gone"


class MailState(StrEnum):
    """The state of a message. `PENDING` is due, `SCHEDULED` isn't yet, `SKIPPED` won't be sent."""

    FAILED = "failed"
    PENDING = "pending"
    SCHEDULED = "scheduled"
    SENT = "sent"
    SKIPPED = "skipped"


class EventState(StrEnum):
    """The state of a webhook event. `WITHOUT_EFFECT`: it changed nothing, and its remark says why."""

    FAILED = "failed"
    WAITING = "waiting"
    WITHOUT_EFFECT = "without-effect"
    HANDLED = "handled"


def mails(
    state: MailState | None,
    purpose: MailPurpose | None,
    after: uuid.UUID | None,
    text: str = "",
    oldest_first: bool = False,
) -> Page[EmailMessage]:
    """List the messages of a state and a purpose (None: all) after the cursor `after`.

    With `text` only those to that address, or to the people whom it finds (directory.ids_of).
    """
    query = select(EmailMessage)
    if text:
        to_people = EmailMessage.user_id.in_(directory.ids_of(text))
        query = query.where(or_(to_people, EmailMessage.recipient == directory.as_address(text)))
    if state is not None:
        query = query.where(*_mail_in(state))
    if purpose is not None:
        query = query.where(EmailMessage.purpose == purpose)
    last = db.session.get(EmailMessage, after) if after else None
    place = (last.created_at, last.id) if last else None
    at, key = EmailMessage.created_at, EmailMessage.id
    if not oldest_first:
        return _page(query, at, key, place)
    if place:
        query = query.where(*pagination.beyond(at, key, place))
    rows = db.session.scalars(query.order_by(at, key).limit(PAGE_SIZE + 1))
    return pagination.cut(rows, PAGE_SIZE, lambda message: message.id)


def mail_state(message: EmailMessage) -> MailState:
    """Tell the state of `message`."""
    if message.status == EmailStatus.PENDING and message.scheduled_for > now():
        return MailState.SCHEDULED
    return MailState(message.status)


def jobs_in(state: JobState, after: uuid.UUID | None) -> Page[Job]:
    """List the jobs of a state after the cursor `after`."""
    last = db.session.get(Job, after) if after else None
    place = (last.created_at, last.id) if last else None
    return _page(select(Job).where(Job.state == state), Job.created_at, Job.id, place)


def events(state: EventState, after: str | None) -> Page[StripeEvent]:
    """List the webhook events of a state after the cursor `after`; processed ones by the time of that."""
    query = select(StripeEvent).where(*_in(state))
    processed = state in (EventState.HANDLED, EventState.WITHOUT_EFFECT)
    at = StripeEvent.processed_at if processed else StripeEvent.received_at
    last = db.session.get(StripeEvent, after) if after else None
    place = (getattr(last, at.key), last.id) if last is not None and getattr(last, at.key) else None
    return _page(query, at, StripeEvent.id, place)


def backups(state: BackupState, after: uuid.UUID | None) -> Page[BackupRecord]:
    """List the backup records of a state after the cursor `after`."""
    there = BackupRecord.gone_at.is_(None)
    query = select(BackupRecord).where(
        {
            BackupState.KEPT: there & BackupRecord.name.is_not(None),
            BackupState.FAILED: there
            & (BackupRecord.problem.is_not(None) | BackupRecord.proof_ok.is_(False)),
            BackupState.GONE: ~there,
        }[state]
    )
    last = db.session.get(BackupRecord, after) if after else None
    place = (last.made_at, last.id) if last else None
    return _page(query, BackupRecord.made_at, BackupRecord.id, place)


def failed_recordings(after: uuid.UUID | None) -> Page[tuple[MediaAsset, Course]]:
    """List the recordings whose transcoding failed, with their courses."""
    query = (
        select(MediaAsset, Course)
        .join(Course, Course.id == MediaAsset.course_id)
        .where(MediaAsset.status == MediaStatus.ERROR)
        .options(joinedload(Course.creator))
    )
    last = db.session.get(MediaAsset, after) if after else None
    place = (last.updated_at, last.id) if last else None
    newest = pagination.newest_first(query, MediaAsset.updated_at, MediaAsset.id, place).limit(PAGE_SIZE + 1)
    rows = ((row[0], row[1]) for row in db.session.execute(newest))
    return pagination.cut(rows, PAGE_SIZE, lambda row: row[0].id)


def bodies(message: EmailMessage) -> tuple[str, str] | None:
    """Render the text and HTML of `message` with the links that grant access redacted.

    None when its template doesn't exist any more or needs values that the message lacks.
    """
    try:
        return mail.render_with(message.template, message.subject, masked(message.data))
    except TemplateError:
        return None


def retry_mail(message: EmailMessage, admin: User) -> None:
    """Retry a failed message. Idempotent. Raises Refused for any other."""
    if message.status == EmailStatus.PENDING:
        return
    if message.status != EmailStatus.FAILED:
        why = "was already sent" if message.status == EmailStatus.SENT else "won’t be sent"
        raise Refused(f"This message {why}, so there’s nothing to retry.")
    message.status = EmailStatus.PENDING
    _run_soon("send_email", f"email:{message.id}", message_id=str(message.id))
    audit.record(admin, AuditAction.RETRY_MAIL, message)


def retry_mails(admin: User) -> int:
    """Retry the AT_ONCE oldest failed messages; returns how many."""
    failed = select(EmailMessage).where(EmailMessage.status == EmailStatus.FAILED)
    rows = list(db.session.scalars(failed.order_by(EmailMessage.created_at).limit(AT_ONCE)))
    for message in rows:
        retry_mail(message, admin)
    return len(rows)


def retry_job(job: Job, admin: User) -> None:
    """Queue a dead job again with all its attempts, or run a waiting one now. Idempotent.

    A scheduled job keeps its time: the same work is enqueued as another job, at most once a minute. Raises
    Refused for one that is done or running.
    """
    if job.state not in WAITING:
        raise Refused(f"This job is {job.state}, so there’s nothing to retry.")
    if job.state == JobState.DEAD:
        audit.record(admin, AuditAction.RETRY_JOB, job, job.kind)
    elif schedule.is_slot(job.unique_key) and job.run_after > now():
        jobs.enqueue(job.kind, key=f"{job.kind} asked for at {now():%Y-%m-%dT%H:%M}", **job.payload)
        return
    _requeue(Job.id == job.id)


def retry_jobs(admin: User) -> int:
    """Queue the AT_ONCE oldest dead jobs again; returns how many."""
    dead = select(Job).where(Job.state == JobState.DEAD).order_by(Job.created_at).limit(AT_ONCE)
    rows = list(db.session.scalars(dead))
    for job in rows:
        retry_job(job, admin)
    return len(rows)


def retry_event(event: StripeEvent, admin: User) -> None:
    """Handle an unhandled webhook event now. Idempotent. Raises Refused for any other."""
    if event.processed_at is not None:
        raise Refused("This event has already been handled, so there’s nothing to retry.")
    stripe_events.handle_soon(event.id)
    audit.record(admin, AuditAction.RETRY_WEBHOOK, event)


def retry_events(admin: User) -> int:
    """Handle the AT_ONCE oldest failed webhook events now; returns how many."""
    query = select(StripeEvent).where(*_in(EventState.FAILED)).order_by(StripeEvent.received_at)
    rows = list(db.session.scalars(query.limit(AT_ONCE)))
    for event in rows:
        retry_event(event, admin)
    return len(rows)


def retry_recording(asset_id: uuid.UUID, admin: User) -> None:
    """Retry the transcoding of a failed recording. Raises Refused for any other."""
    asset = db.session.get(MediaAsset, asset_id)
    if asset is None or asset.status != MediaStatus.ERROR:
        raise Refused("This recording hasn’t failed, so there’s nothing to retry.")
    recordings.retry(asset)
    audit.record(admin, AuditAction.RETRY_RECORDING, asset)


def _mail_in(state: MailState) -> tuple[ColumnElement[bool], ...]:
    if state == MailState.SCHEDULED:
        return EmailMessage.status == EmailStatus.PENDING, EmailMessage.scheduled_for > now()
    if state == MailState.PENDING:
        return EmailMessage.status == EmailStatus.PENDING, EmailMessage.scheduled_for <= now()
    return (EmailMessage.status == EmailStatus(state),)


def _in(state: EventState) -> tuple[ColumnElement[bool], ...]:
    processed = StripeEvent.processed_at.is_not(None)
    remarked = StripeEvent.error.is_not(None)
    return {
        EventState.FAILED: (~processed, remarked),
        EventState.WAITING: (~processed, ~remarked),
        EventState.WITHOUT_EFFECT: (processed, remarked),
        EventState.HANDLED: (processed, ~remarked),
    }[state]


def _run_soon(kind: str, key: str, **payload: Any) -> None:
    """Run the job of this key now, even if it was cleaned up after it was done."""
    jobs.enqueue(kind, key=key, **payload)
    jobs.hasten(key)


def _requeue(which: ColumnElement[bool]) -> None:
    """Queue the job again, unless a worker has claimed it meanwhile."""
    db.session.execute(
        update(Job)
        .where(which, Job.state.in_(WAITING))
        .values(state=JobState.QUEUED, attempts=0, run_after=now(), leased_until=None)
    )


def _page(
    query: Select[Row],
    at: InstrumentedAttribute[Any],
    key: InstrumentedAttribute[Any],
    last: tuple[datetime, Any] | None,
) -> Page[Row]:
    newest = pagination.newest_first(query, at, key, last).limit(PAGE_SIZE + 1)
    return pagination.cut(db.session.scalars(newest), PAGE_SIZE, lambda row: getattr(row, key.key))

"""Jobs of the worker: a backup every night and on request, a verification every month, a listing every hour.

No transaction is open while a backup is made or restored, which may take an hour.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import current_app
from sqlalchemy import and_, or_, select

import jobs
from domain import Refused, backup
from domain.backup import Backup, BackupError, BackupKind, Proof, records
from domain.backup.targets import locks
from domain.base import clock
from domain.base.log import log
from domain.platform import alerts, audit
from domain.platform.audit_actions import AuditAction
from models import BackupRecord, Job, JobState, User, db

ASKED = "make_backup:asked"
PATIENCE = 60  # seconds


@dataclass(frozen=True)
class TargetListing:
    """A listing of the backup target at a moment."""

    at: datetime
    backups: list[Backup]


@dataclass(frozen=True)
class RunningBackups:
    """The backup jobs running or due: whether one makes a backup, and the names being verified."""

    making: bool
    proving: frozenset[str]


def request_backup(admin: User) -> None:
    """Enqueue a backup to be made now. Raises Refused while one is being made."""
    if under_way().making:
        raise Refused("A backup is already being made.")
    jobs.enqueue("make_backup", key=ASKED, backup_kind=BackupKind.MANUAL)
    jobs.hasten(ASKED)
    audit.record(
        admin, AuditAction.ASK_FOR_BACKUP, db.session.scalars(select(Job).filter_by(unique_key=ASKED)).one()
    )


def request_proof(record: BackupRecord, admin: User) -> None:
    """Enqueue the verification of a backup. Raises Refused if it is gone or being verified."""
    if record.name is None or record.gone_at is not None:
        raise Refused("This backup no longer exists, so it can’t be tested.")
    if record.name in under_way().proving:
        raise Refused("This backup is already being tested.")
    key = f"prove_backup:{record.name}"
    jobs.enqueue("prove_backup", key=key, name=record.name)
    jobs.hasten(key)
    audit.record(admin, AuditAction.ASK_FOR_PROOF, record, record.name)


def under_way() -> RunningBackups:
    """Find the backup jobs that run or are due; one waiting for its next attempt doesn't count."""
    due = and_(Job.state == JobState.QUEUED, Job.run_after <= clock.now())
    kinds = ("make_backup", "prove_backup")
    busy = select(Job.kind, Job.payload).where(Job.kind.in_(kinds), or_(Job.state == JobState.RUNNING, due))
    rows = db.session.execute(busy).all()
    proving = frozenset(payload["name"] for _kind, payload in rows if "name" in payload)
    return RunningBackups(any(kind == "make_backup" for kind, _payload in rows), proving)


def begin(backup_kind: str = BackupKind.DAILY) -> BackupKind:
    """Choose the kind of backup to make."""
    return BackupKind(backup_kind)


def begin_snapshot() -> BackupKind | None:
    """Choose the snapshot kind; None if this interval has one, since jobs may have piled up."""
    minutes = current_app.config["SETTINGS"].backup_snapshot_minutes
    recent = clock.now() - timedelta(minutes=minutes / 2)
    fresh = (
        BackupRecord.kind == BackupKind.SNAPSHOT,
        BackupRecord.name.is_not(None),
        BackupRecord.made_at > recent,
    )
    return None if db.session.scalar(select(BackupRecord.id).where(*fresh).limit(1)) else BackupKind.SNAPSHOT


def make(kind: BackupKind) -> TargetListing | None:
    """Make a backup, prune old ones, and list what is left.

    A failure after the backup was made doesn't fail the job, which would make another: pruning is left to the
    next one.
    """
    _wait_for_room()
    backup.create(kind)
    with _left_to_the_next():
        backup.prune(clock.now())
    with _left_to_the_next():
        return list_all()
    return None


@contextmanager
def _left_to_the_next() -> Iterator[None]:
    try:
        yield
    except BackupError:
        log.warning("old backups were not removed or listed", exc_info=True)


def _wait_for_room() -> None:
    """Wait up to a minute for pruning to end, which a snapshot may have begun just now."""
    for _ in range(PATIENCE):
        try:
            with locks.reading():
                return
        except BackupError:
            time.sleep(1)


def end(_kind: BackupKind, listed: TargetListing | None) -> None:
    """Record the listing."""
    if listed is not None:
        records.sync(listed.backups, listed.at)


def fail(error: str, backup_kind: str = BackupKind.DAILY) -> None:
    """Record why an attempt failed, for the backup page."""
    records.note_failure(backup_kind, _sentence(error))


def fail_snapshot(error: str) -> None:
    """Record why an attempt at a snapshot failed, for the backup page."""
    records.note_failure(BackupKind.SNAPSHOT, _sentence(error))


def give_up(error: str, backup_kind: str = BackupKind.DAILY) -> None:
    """Alert the operator after the last attempt that no backup was made."""
    if record := records.last_failure(backup_kind):
        alerts.backup_failed(record, _sentence(error))


def begin_proof(name: str = "") -> str | None:
    """Choose the backup to verify, the newest unless one is named; None when it is gone."""
    named = db.session.scalar(select(BackupRecord).filter_by(name=name)) if name else records.newest()
    return None if named is None or named.gone_at is not None else named.name


def prove(name: str) -> tuple[Proof, TargetListing]:
    """Verify a backup by restoring it to a scratch place, and list the target."""
    return backup.verify(name), list_all()


def end_proof(name: str, result: tuple[Proof, TargetListing]) -> None:
    """Record the verification; alert the operator when the backup is bad."""
    proof, listed = result
    records.sync(listed.backups, listed.at)
    record = db.session.scalar(select(BackupRecord).filter_by(name=name))
    if record is not None and not proof.ok:
        alerts.proof_failed(record, " ".join(proof.problems))


def give_up_proof(error: str, name: str = "") -> None:
    """Record after the last attempt that a verification failed to run, and alert the operator."""
    sentence = _sentence(error)
    records.note_failure(records.PROOF, f"{name}: {sentence}" if name else sentence)
    if record := records.last_failure(records.PROOF):
        alerts.proof_failed(record, sentence)


def begin_listing() -> bool:
    """Begin a listing, which is never skipped."""
    return True


def list_all(_plan: bool = True) -> TargetListing:
    """List what the target holds now."""
    moment = clock.now()
    return TargetListing(moment, backup.listing())


def end_listing(_plan: bool, listed: TargetListing) -> None:
    """Record the listing, including what was made or removed by hand."""
    records.sync(listed.backups, listed.at)


def _sentence(error: str) -> str:
    """Shorten the error of a BackupError to its sentence; others stay as they are."""
    return error.removeprefix("BackupError: ")

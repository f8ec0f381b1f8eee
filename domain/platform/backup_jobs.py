"""Make backups every night and when somebody asks, prove one every month, list them every hour.

While a backup is made or restored no transaction is held: it may take an hour.
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
from domain.backup import Backup, BackupError, Kind, Proof, locks, records
from domain.base import clock
from domain.base.log import log
from domain.platform import alerts, audit
from models import BackupRecord, Job, JobState, User, db

ASKED = "make_backup:asked"
PATIENCE = 60  # seconds


@dataclass(frozen=True)
class Listed:
    """Everything that the target held at a moment."""

    at: datetime
    backups: list[Backup]


@dataclass(frozen=True)
class UnderWay:
    """What the worker does or is about to begin: whether it makes a backup, and which ones it proves."""

    making: bool
    proving: frozenset[str]


def ask_for_backup(admin: User) -> None:
    """Have a backup made now. Raises Refused while one is being made."""
    if under_way().making:
        raise Refused("A backup is being made already.")
    jobs.enqueue("make_backup", key=ASKED, backup_kind=Kind.MANUAL)
    jobs.hasten(ASKED)
    audit.record(admin, "ask_for_backup", db.session.scalars(select(Job).filter_by(unique_key=ASKED)).one())


def ask_for_proof(record: BackupRecord, admin: User) -> None:
    """Have a backup proved now. Raises Refused for one that is gone or is being proved."""
    if record.name is None or record.gone_at is not None:
        raise Refused("This backup is gone: there is nothing to prove.")
    if record.name in under_way().proving:
        raise Refused("This backup is being proved already.")
    key = f"prove_backup:{record.name}"
    jobs.enqueue("prove_backup", key=key, name=record.name)
    jobs.hasten(key)
    audit.record(admin, "ask_for_proof", record, record.name)


def under_way() -> UnderWay:
    """Answer what is being done now, or as soon as a worker is free; what waits for its next try isn't."""
    due = and_(Job.state == JobState.QUEUED, Job.run_after <= clock.now())
    kinds = ("make_backup", "prove_backup")
    busy = select(Job.kind, Job.payload).where(Job.kind.in_(kinds), or_(Job.state == JobState.RUNNING, due))
    rows = db.session.execute(busy).all()
    proving = frozenset(payload["name"] for _kind, payload in rows if "name" in payload)
    return UnderWay(any(kind == "make_backup" for kind, _payload in rows), proving)


def begin(backup_kind: str = Kind.DAILY) -> Kind:
    """Answer the kind of backup to make."""
    return Kind(backup_kind)


def begin_snapshot() -> Kind | None:
    """Answer the kind to make, unless there is a snapshot of this interval: tries may have piled up."""
    minutes = current_app.config["SETTINGS"].backup_snapshot_minutes
    recent = clock.now() - timedelta(minutes=minutes / 2)
    fresh = (
        BackupRecord.kind == Kind.SNAPSHOT,
        BackupRecord.name.is_not(None),
        BackupRecord.made_at > recent,
    )
    return None if db.session.scalar(select(BackupRecord.id).where(*fresh).limit(1)) else Kind.SNAPSHOT


def make(kind: Kind) -> Listed | None:
    """Make a backup, remove those that are no longer kept, and list what there is now.

    What fails after the backup was made doesn't make the worker make another: it is left to the next one.
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
    """Wait while old backups are being removed, a minute at most: a snapshot may have just begun to."""
    for _ in range(PATIENCE):
        try:
            with locks.reading():
                return
        except BackupError:
            time.sleep(1)


def end(_kind: Kind, listed: Listed | None) -> None:
    """Write down what there is now."""
    if listed is not None:
        records.sync(listed.backups, listed.at)


def fail(error: str, backup_kind: str = Kind.DAILY) -> None:
    """Show on the page of backups why a try failed."""
    records.note_failure(backup_kind, _sentence(error))


def fail_snapshot(error: str) -> None:
    """Show on the page of backups why a try failed."""
    records.note_failure(Kind.SNAPSHOT, _sentence(error))


def give_up(error: str, backup_kind: str = Kind.DAILY) -> None:
    """Tell whoever runs the shop that a backup was not made, after the last try."""
    if record := records.last_failure(backup_kind):
        alerts.backup_failed(record, _sentence(error))


def begin_proof(name: str = "") -> str | None:
    """Answer which backup to prove, the newest unless one is named; None when it isn't there."""
    named = db.session.scalar(select(BackupRecord).filter_by(name=name)) if name else records.newest()
    return None if named is None or named.gone_at is not None else named.name


def prove(name: str) -> tuple[Proof, Listed]:
    """Restore a backup into a scratch place, check what comes out, and list what there is now."""
    return backup.verify(name), list_all()


def end_proof(name: str, result: tuple[Proof, Listed]) -> None:
    """Write down what came of it; when the backup is bad, tell whoever runs the shop."""
    proof, listed = result
    records.sync(listed.backups, listed.at)
    record = db.session.scalar(select(BackupRecord).filter_by(name=name))
    if record is not None and not proof.ok:
        alerts.proof_failed(record, " ".join(proof.problems))


def give_up_proof(error: str, name: str = "") -> None:
    """Show that a proof couldn't be made, after the last try, and tell whoever runs the shop."""
    sentence = _sentence(error)
    records.note_failure(records.PROOF, f"{name}: {sentence}" if name else sentence)
    if record := records.last_failure(records.PROOF):
        alerts.proof_failed(record, sentence)


def begin_listing() -> bool:
    """Answer that there is always something to list."""
    return True


def list_all(_plan: bool = True) -> Listed:
    """List what the target holds now."""
    moment = clock.now()
    return Listed(moment, backup.listing())


def end_listing(_plan: bool, listed: Listed) -> None:
    """Write down what there is now, also what was made or removed by hand."""
    records.sync(listed.backups, listed.at)


def _sentence(error: str) -> str:
    """The sentence of a failure that was foreseen; of any other, what it says."""
    return error.removeprefix("BackupError: ")

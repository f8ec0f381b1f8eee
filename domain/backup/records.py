"""Records of backups in the database: pages must not wait for a disk or a bucket."""

from datetime import datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import delete, func, or_, select, update

from domain.backup.model import Backup, BackupKind
from domain.base import clock
from models import BackupRecord, User, db, upsert

LATE = timedelta(days=2)
KEEP = timedelta(days=90)
PROOF = "proof"
# Retries of one job follow each other within this time, and no backup takes longer.
TOGETHER = timedelta(hours=6)
USABLE = (
    BackupRecord.name.is_not(None),
    BackupRecord.gone_at.is_(None),
    BackupRecord.problem.is_(None),
    BackupRecord.kind != BackupKind.SNAPSHOT,
)


def sync(found: list[Backup], at: datetime) -> None:
    """Copy the listing `found`, read from the target at `at`, into rows, and mark those gone. Idempotent.

    Two workers may do it at once. A backup recorded since `at` isn’t marked as gone.
    """
    for backup in found:
        if not backup.complete and backup.made_at > at - TOGETHER:
            continue  # still being made
        values = _values(backup)
        insert = upsert(BackupRecord).values(values)
        db.session.execute(insert.on_conflict_do_update(index_elements=["name"], set_=values))
    gone = (
        BackupRecord.name.is_not(None),
        BackupRecord.name.not_in([backup.name for backup in found]),
        BackupRecord.gone_at.is_(None),
        BackupRecord.created_at < at,
    )
    db.session.execute(delete(BackupRecord).where(*gone, BackupRecord.kind == BackupKind.SNAPSHOT))
    db.session.execute(update(BackupRecord).where(*gone).values(gone_at=at))
    failed = (BackupRecord.name.is_(None), BackupRecord.made_at < at - KEEP)
    db.session.execute(delete(BackupRecord).where(or_(BackupRecord.gone_at < at - KEEP, db.and_(*failed))))


def note_failure(kind: str, sentence: str) -> None:
    """Record why an attempt failed; retries of the same `kind` shortly after share one record."""
    moment = clock.now()
    record = last_failure(kind)
    if record is None or record.made_at < moment - TOGETHER:
        record = BackupRecord(kind=kind, tries=0)
        db.session.add(record)
    record.made_at, record.problem, record.tries = moment, sentence, record.tries + 1
    db.session.flush()


def last_failure(kind: str) -> BackupRecord | None:
    """Find the last failure of a `kind`."""
    failed = (BackupRecord.kind == kind, BackupRecord.name.is_(None))
    newest = select(BackupRecord).where(*failed).order_by(BackupRecord.made_at.desc()).limit(1)
    return db.session.scalar(newest)


def newest() -> BackupRecord | None:
    """Find the newest usable backup that isn't a snapshot."""
    return db.session.scalar(
        select(BackupRecord).where(*USABLE).order_by(BackupRecord.made_at.desc()).limit(1)
    )


def warnings() -> list[str]:
    """List what is wrong with the backups as a whole, in sentences.

    A missing recent one counts only in production: elsewhere no sales depend on it.
    """
    return [sentence for sentence in (_lateness(), _failed_proof()) if sentence]


def _lateness() -> str | None:
    if not current_app.config["SETTINGS"].is_production:
        return None
    newest_at = select(func.max(BackupRecord.made_at)).where(*USABLE).scalar_subquery()
    shop_since = select(User.created_at).order_by(User.id).limit(1).scalar_subquery()
    made_at, since = db.session.execute(select(newest_at, shop_since)).one()
    if made_at is not None and made_at < clock.now() - LATE:
        return f"The newest backup is from {_on(made_at)}, more than two days ago."
    if made_at is None and since is not None and since < clock.now() - LATE:
        return "There is no backup."
    return None


def _failed_proof() -> str | None:
    tried_at = func.coalesce(BackupRecord.proved_at, BackupRecord.made_at)
    tried = or_(BackupRecord.proved_at.is_not(None), BackupRecord.kind == PROOF)
    last = select(BackupRecord.proof_ok, tried_at).where(tried).order_by(tried_at.desc()).limit(1)
    row = db.session.execute(last).first()
    return f"The last backup test failed on {_on(row[1])}." if row is not None and not row[0] else None


def _on(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"


def _values(backup: Backup) -> dict[str, Any]:
    proof = backup.proof
    return {
        "name": backup.name,
        "kind": backup.kind,
        "made_at": backup.made_at,
        "seconds": backup.seconds,
        "revision": backup.revision,
        "database_bytes": backup.database_bytes,
        "files": backup.files,
        "file_bytes": backup.file_bytes,
        "encrypted": backup.encrypted,
        "problem": backup.problem or None,
        "gone_at": None,
        "proved_at": proof.at if proof else None,
        "proof_ok": proof.ok if proof else None,
        "proof_problems": list(proof.problems) if proof else [],
        "proof_seconds": proof.seconds if proof else None,
    }

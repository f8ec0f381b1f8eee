"""Retention of backups: removes those that the rules no longer keep.

The newest of each of the last days and months stays (both are settings, and count days and months that have
one), manual backups and those before upgrades for 30 days, snapshots for a day; always the newest of all, the
newest full one and the newest verified one. Unreadable backups go after 30 days, incomplete ones after a day.
"""

import shutil
from contextlib import suppress
from datetime import datetime, timedelta

from domain.backup import shop
from domain.backup.contents import manifest
from domain.backup.contents.file_restore import RESTORING
from domain.backup.contents.manifest import MANIFEST
from domain.backup.contents.reading import content_key, content_name, opened
from domain.backup.contents.streams import WORK
from domain.backup.errors import explained
from domain.backup.listing import listing
from domain.backup.model import Backup, BackupError, BackupKind, Progress, quiet
from domain.backup.shop import Shop
from domain.backup.targets.locks import removing
from storage import LocalStorage

KEPT_AT_LEAST = timedelta(days=30)
SNAPSHOTS_KEPT = timedelta(hours=24)
BEGUN_KEPT = timedelta(hours=24)


def prune(now: datetime, *, dry_run: bool = False, progress: Progress = quiet) -> list[str]:
    """Remove expired backups, and contents that no remaining backup refers to.

    Answers the names of the backups removed, or that would be (`dry_run`). Raises BackupError while others
    use the target.
    """
    with removing(), explained("Removing old backups"):
        whole = shop.current()
        every = listing()
        kept = keepers(every, now, whole.settings.backup_keep_daily, whole.settings.backup_keep_monthly)
        going = [backup.name for backup in every if backup.name not in kept]
        if not dry_run:
            _sweep(whole)
            for done, name in enumerate(going, 1):
                whole.target.remove(name)
                progress("Backups", done, len(going))
            _remove_contents(whole, [backup for backup in every if backup.name in kept], progress)
    return going


def keepers(every: list[Backup], now: datetime, days: int, months: int) -> set[str]:
    """List the names of the backups to keep, of all, newest first."""
    good = [backup for backup in every if not backup.problem]
    full = [backup for backup in good if backup.kind is not BackupKind.SNAPSHOT]
    proved = [backup for backup in good if backup.proof and backup.proof.ok]
    always = [*good[:1], *full[:1], *proved[:1]]
    daily, monthly = _newest_of(full, "%Y-%m-%d", days), _newest_of(full, "%Y-%m", months)
    young = [backup for backup in every if now - backup.made_at < _age(backup)]
    return {backup.name for backup in (*always, *daily, *monthly, *young)}


def _newest_of(full: list[Backup], period: str, count: int) -> list[Backup]:
    newest: dict[str, Backup] = {}
    for backup in full:
        newest.setdefault(f"{backup.made_at:{period}}", backup)
    return list(newest.values())[:count]


def _age(backup: Backup) -> timedelta:
    """Look up how long a backup is kept in any case."""
    if backup.problem:
        return KEPT_AT_LEAST if backup.complete else BEGUN_KEPT
    if backup.kind is BackupKind.SNAPSHOT:
        return SNAPSHOTS_KEPT
    return timedelta(0) if backup.kind is BackupKind.DAILY else KEPT_AT_LEAST


def _sweep(whole: Shop) -> None:
    """Remove temporary files of killed processes; safe under the exclusive lock."""
    whole.database.sweep()
    left = list(whole.settings.data_dir.glob(f"{WORK}*"))
    if isinstance(whole.store, LocalStorage):
        left += whole.store.root.parent.glob(f"{whole.store.root.name}{RESTORING.format('*')}")
    for folder in left:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_contents(whole: Shop, kept: list[Backup], progress: Progress) -> None:
    """Remove contents that none of the backups `kept` refers to (garbage collection).

    Removes nothing while one of them can’t be read: it may refer to any. Contents of another key stay as long
    as a backup of that key does.
    """
    mine = {"", whole.key.name if whole.key else ""}
    named: set[str] = set()
    others: set[str] = set()
    with suppress(BackupError, FileNotFoundError), whole.work() as work:
        for backup in kept:
            text = whole.target.read(f"{backup.name}/{MANIFEST}")
            key = manifest.read(text, backup.name, None).key
            others |= {key} - mine
            if key in mine:
                source = opened(whole, backup.name, work)
                named.update(content_name(entry.sha256, source.key) for entry in source.entries())
        left = [c for c in whole.target.contents() if c not in named and content_key(c) not in others]
        for done, content in enumerate(left, 1):
            whole.target.discard(content)
            progress("Files", done, len(left))

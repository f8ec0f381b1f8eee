"""Restoring a backup in place of the shop's database and files, keeping the old state beside it."""

from contextlib import ExitStack
from datetime import datetime, timedelta

from domain.backup import shop
from domain.backup.contents.file_restore import restore_files, swap_folder
from domain.backup.contents.manifest import STAMP
from domain.backup.contents.reading import OpenedBackup, opened
from domain.backup.databases import schema
from domain.backup.errors import explained
from domain.backup.listing import find
from domain.backup.model import BackupError, DamagedError, Progress, RestoreResult, quiet
from domain.backup.shop import Shop
from domain.backup.targets.locks import removing
from domain.backup.verifying import row_differences
from domain.base import clock
from models import db

SILENCE = timedelta(seconds=60)


def restore(
    name: str = "",
    *,
    at: datetime | None = None,
    force: bool = False,
    skip_damaged: bool = False,
    progress: Progress = quiet,
) -> RestoreResult:
    """Restore the backup `name`, or the last one made at or before `at`, keeping the old state beside it.

    All of it is restored beside the shop first and then swapped. Raises BackupError, with nothing changed,
    when the shop runs, isn’t empty (unless `force`), or the backup is damaged; `skip_damaged` leaves out
    single damaged files.
    """
    with removing(), explained("The restore"):
        db.session.remove()
        db.engine.dispose()  # our own connections would be taken for a running shop
        whole = shop.current()
        backup = find(name, at)
        with whole.work() as work:
            source = opened(whole, backup.name, work)
            outdated = schema.check(source.manifest)
            _refuse(whole, force)
            with whole.database.alone():
                left, notes = _replace(source, skip_damaged, progress)
    if outdated:
        notes.append("Its schema is older than this code: run flask db upgrade before you start the shop.")
    return RestoreResult(backup, tuple(left), tuple(notes))


def _refuse(whole: Shop, force: bool) -> None:
    """Refuse to replace a database without `force`, and while a worker runs."""
    if not force and not whole.database.is_empty():
        raise BackupError(
            "The shop’s database isn’t empty. --force replaces it, and leaves the old one beside the new one."
        )
    beat = whole.database.last_beat()
    if beat and clock.now() - beat < SILENCE:
        seconds = round((clock.now() - beat).total_seconds())
        raise BackupError(
            f"The shop is running: its worker was active {seconds} seconds ago."
            " Stop the web processes and the worker, and try again a minute later."
        )


def _replace(source: OpenedBackup, skip_damaged: bool, progress: Progress) -> tuple[list[str], list[str]]:
    """Restore everything beside the shop, then swap; answers where the old state is, and the notes."""
    whole, stamp = source.shop, f"{clock.now():{STAMP}}"
    dump = source.dump()
    with whole.database.beside(stamp) as new, ExitStack() as undo:
        progress("Database", 0, 1)
        new.load(dump, source.key, source.manifest.name)
        if wrong := row_differences(source.manifest.rows, new.rows()):
            raise DamagedError(f"{source.manifest.name} is damaged: {wrong[0]}")
        progress("Database", 1, 1)
        folder, notes = restore_files(source, stamp, skip_damaged, progress, undo)
        left = [swap_folder(folder, stamp, undo)] if folder else []
        left.append(whole.database.replace(new, stamp))
        undo.pop_all()
    return [place for place in left if place], notes

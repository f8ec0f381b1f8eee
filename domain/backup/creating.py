"""Creation of a backup: the files, then the database, then files added in between.

In this order every file that the database refers to is in the backup, whatever is uploaded or deleted
meanwhile.
"""

from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

from domain.backup import shop
from domain.backup.contents import manifest
from domain.backup.contents.encryption import seal
from domain.backup.contents.file_inventory import FileInventory
from domain.backup.contents.manifest import LIST, MANIFEST, STAMP, Manifest, ManifestPart
from domain.backup.contents.reading import part_name
from domain.backup.contents.streams import PacedFile
from domain.backup.errors import explained
from domain.backup.model import Backup, BackupError, BackupKind, Progress, quiet
from domain.backup.shop import Shop
from domain.backup.targets.locks import reading
from domain.base import clock


def create(kind: BackupKind, progress: Progress = quiet) -> Backup:
    """Make a backup of the running shop in the target.

    Raises BackupError, leaving nothing in the target, when it can’t be made.
    """
    with reading(), explained("The backup"):
        whole = shop.current()
        if kind is BackupKind.SNAPSHOT and whole.database.kind != "sqlite":
            raise BackupError(
                "Snapshots are for SQLite; with PostgreSQL archive its log (docs/operating.md)."
            )
        began = clock.now()
        name = _free_name(whole, kind, began)
        with whole.target.stage(name) as stage, whole.work() as work:
            made = _make(whole, name, began, stage, work, progress)
            whole.target.publish(stage, name)
        return made.summary(None)


def _make(whole: Shop, name: str, began: datetime, stage: Path, work: Path, progress: Progress) -> Manifest:
    """Write all parts into `stage`; `work` is a private folder for what must not be in the target."""
    gathering = FileInventory(whole, work / LIST, progress)
    files_too = manifest.named(name)[1] is not BackupKind.SNAPSHOT
    if files_too:
        gathering.begin()
    # the plain copy of a database to be encrypted must never be in the target
    with whole.database.dumping(work if whole.key else stage, progress) as dump:
        stored = _store(whole, stage, whole.database.dump_name, dump.reader)
    names, size, file_list = 0, 0, None
    if files_too:
        names, size = gathering.finish()
        with gathering.seen.open("rb") as source:
            file_list = _store(whole, stage, LIST, source)
    made = Manifest(
        name, began, (clock.now() - began).total_seconds(), whole.database.kind, whole.database.server,
        dump.revision, dump.rows, stored, "local" if gathering.copies else "s3", file_list, names, size,
        whole.key.name if whole.key else "",
    )  # fmt: skip
    with PacedFile(stage / MANIFEST) as file:
        file.write(manifest.write(made, whole.key.secret if whole.key else b""))
    return made


def _store(whole: Shop, stage: Path, name: str, source: Any) -> ManifestPart:
    """Write a part, encrypted if there is a key."""
    with PacedFile(stage / part_name(name, whole.key)) as file:
        seal(source, file, whole.key)
    return file.part


def _free_name(whole: Shop, kind: BackupKind, began: datetime) -> str:
    """Name the backup by time and kind; the second one of the same second gets a number."""
    taken = {*whole.target.names(), *whole.target.unfinished()}
    first = f"{began:{STAMP}}-{kind}"
    return next(name for n in count(1) if (name := first if n == 1 else f"{first}-{n}") not in taken)

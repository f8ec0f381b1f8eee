"""Restoring of the files to local storage."""

import os
import shutil
from contextlib import ExitStack
from pathlib import Path

from domain.backup.contents.file_check import missing_in_bucket
from domain.backup.contents.reading import OpenedBackup
from domain.backup.model import DamagedError, Progress
from storage import LocalStorage, S3Storage

RESTORING = ".restoring-{}"


def restore_files(
    source: OpenedBackup, stamp: str, skip_damaged: bool, progress: Progress, undo: ExitStack
) -> tuple[Path | None, list[str]]:
    """Restore the files into a folder beside the shop’s; None where there are none to restore.

    Answers the folder and notes for the operator. `undo` removes the folder again.
    """
    made, store = source.manifest, source.shop.store
    if made.file_list is None:
        return None, ["A snapshot holds the database alone: the files were left as they are."]
    if made.storage == "s3":
        return None, _bucket_notes(source)
    if not isinstance(store, LocalStorage):
        return None, ["The files of this backup are from a disk, and were not put into the bucket."]
    folder = store.root.with_name(f"{store.root.name}{RESTORING.format(stamp)}")
    folder.mkdir(parents=True)
    undo.callback(shutil.rmtree, folder, ignore_errors=True)
    damaged = _fill(source, folder, progress)
    if damaged and not skip_damaged:
        others = f" and {len(damaged) - 1} others are too" if damaged[1:] else ""
        raise DamagedError(f"{damaged[0].rstrip('.')}{others}: --skip-damaged restores everything else.")
    return folder, damaged


def swap_folder(folder: Path, stamp: str, undo: ExitStack) -> str:
    """Rename `folder` to the shop’s; answers where the old one is kept; `undo` swaps back."""
    root = folder.with_name(folder.name.removesuffix(RESTORING.format(stamp)))
    before = root.with_name(f"{root.name}.before-{stamp}")
    existed = root.exists()
    if existed:
        os.rename(root, before)
        undo.callback(os.rename, before, root)
    os.rename(folder, root)
    undo.callback(os.rename, root, folder)
    return str(before) if existed else ""


def _fill(source: OpenedBackup, folder: Path, progress: Progress) -> list[str]:
    """Restore every file and verify its hash; lists the problems of those left out."""
    damaged = []
    for done, entry in enumerate(source.entries(), 1):
        path = folder / entry.key
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            source.place(entry, path)
        except DamagedError as error:
            damaged.append(error.sentence)
        progress("Files", done, max(source.manifest.files, done))
    return damaged


def _bucket_notes(source: OpenedBackup) -> list[str]:
    if not isinstance(source.shop.store, S3Storage):
        return ["The files of this backup are in a bucket, and were not brought onto this disk."]
    missing = missing_in_bucket(source)
    return (
        [f"{missing} of {source.manifest.files} files are no longer in the bucket as they were."]
        if missing
        else []
    )

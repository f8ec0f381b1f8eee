"""Verification of a backup's files: all by name and size, a random sample by hash."""

import random
from collections.abc import Iterator

from domain.backup.contents import files
from domain.backup.contents.files import BackupFile
from domain.backup.contents.reading import OpenedBackup, content_name
from domain.backup.model import DamagedError, Progress

# All files of a small shop, and enough of a large one's to notice a failing disk.
SAMPLE = 200
# Files in the bucket are the shop's own, which deletes some now and then, but never one in ten.
MAY_BE_GONE = 10


def file_problems(source: OpenedBackup, progress: Progress) -> Iterator[str]:
    """List files that are missing in the target or damaged."""
    if source.manifest.storage == "s3":
        yield from _gone_from_bucket(source)
        return
    kept = source.shop.target.contents()
    sample: list[BackupFile] = []
    for number, entry in enumerate(source.entries()):
        size = kept.get(content_name(entry.sha256, source.key))
        if size is None:
            yield f"{entry.key} is missing in the backup."
        elif source.key is None and size != entry.size:
            yield f"{entry.key} has {size} bytes in the backup, not {entry.size}."
        else:
            _choose(sample, entry, number)
    for done, entry in enumerate(sample, 1):
        try:
            source.pour(entry, None)
        except DamagedError as error:
            yield error.sentence
        progress("Files", done, len(sample))


def missing_in_bucket(source: OpenedBackup) -> int:
    """Count the files listed in the backup that the shop’s bucket no longer has, or has changed."""
    pairs = files.paired(source.shop.store.files(), source.entries())
    return sum(
        1
        for file, entry in pairs
        if entry and (file is None or (file.size, file.stamp) != (entry.size, entry.stamp))
    )


def _gone_from_bucket(source: OpenedBackup) -> Iterator[str]:
    gone = missing_in_bucket(source)
    if gone * MAY_BE_GONE > source.manifest.files:
        yield f"{gone} of {source.manifest.files} files are no longer in the shop’s bucket as they were."


def _choose(sample: list[BackupFile], entry: BackupFile, number: int) -> None:
    """Add an entry with the same chance for each of those so far (reservoir sampling)."""
    if len(sample) < SAMPLE:
        sample.append(entry)
    elif (place := random.randrange(number + 1)) < SAMPLE:
        sample[place] = entry

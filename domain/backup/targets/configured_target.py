"""Backup targets: a folder, or a prefix of an S3 bucket.

Both contain `<name>/` with the parts of a backup, and `files/ab/<sha256>`, the contents shared by all. A
backup is listed only when complete: its folder is renamed last, and in a bucket its manifest is uploaded
last.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

from config import Settings
from domain.backup.model import BackupError
from domain.backup.targets.bucket import Bucket
from domain.backup.targets.folder import Folder


class Target(Protocol):
    """The interface of both. Paths are `<name>/<part>`, built here and never read from a backup."""

    place: str

    def names(self) -> list[str]:
        """List the complete backups, unsorted."""

    def unfinished(self) -> list[str]:
        """List the incomplete backups: begun and not completed, or partly removed."""

    def stage(self, name: str) -> AbstractContextManager[Path]:
        """Provide a local folder to make a backup in; deleted unless it was published."""

    def publish(self, stage: Path, name: str) -> None:
        """Make the backup in `stage` visible, all at once."""

    def fetch(self, path: str, folder: Path) -> Path:
        """Bring a part onto this machine, into `folder` if it has to be copied; FileNotFoundError."""

    def read(self, path: str) -> bytes:
        """Read a small part; FileNotFoundError when it is missing."""

    def write(self, path: str, content: bytes) -> None:
        """Write a small part beside the others, whole or not at all (atomic)."""

    def remove(self, name: str) -> None:
        """Remove a backup, even an incomplete one."""

    def contents(self) -> dict[str, int]:
        """List the stored contents by name, with their sizes."""

    def keep(self, content: str, path: Path, file: BinaryIO) -> None:
        """Store the open `file`, which is at `path`, as `content`; hard-linked if possible."""

    def open(self, content: str) -> BinaryIO:
        """Open a content to read; FileNotFoundError when it is missing."""

    def link(self, content: str, place: Path) -> bool:
        """Hard-link a content to `place`; False where that can’t be done."""

    def discard(self, content: str) -> None:
        """Delete a content."""


def target(settings: Settings) -> Target:
    """Build the target that the settings name; BackupError for an invalid one."""
    place = settings.backup_target
    if place.startswith("s3://"):
        try:
            return Bucket(place, settings)
        except RuntimeError as error:  # boto3 isn’t installed
            raise BackupError(str(error)) from error
    if "://" in place:
        raise BackupError(f"LECTERN_BACKUP_TARGET must be a folder or s3://bucket/prefix, not “{place}”.")
    return Folder(Path(place))

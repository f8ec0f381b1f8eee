"""Where backups stand: a folder, or a prefix of an S3 bucket.

Below either: `<name>/` with what a backup consists of, and `files/ab/<sha256>`, the content that all of them
share. A backup is seen when it is complete: its folder gets its name last, and in a bucket its manifest comes
last.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

from config import Settings
from domain.backup.bucket import Bucket
from domain.backup.folder import Folder
from domain.backup.model import BackupError


class Target(Protocol):
    """What both places can do. Paths are `<name>/<part>` and made by us, never read from a backup."""

    place: str

    def names(self) -> list[str]:
        """List the complete backups, in no order."""

    def unfinished(self) -> list[str]:
        """List the backups that were begun and not completed, or not removed to the end."""

    def stage(self, name: str) -> AbstractContextManager[Path]:
        """Give a folder on this machine to make a backup in; it is removed unless it was published."""

    def publish(self, stage: Path, name: str) -> None:
        """Let the backup made in `stage` be seen, all at once."""

    def fetch(self, path: str, folder: Path) -> Path:
        """Bring a part onto this machine, below `folder` where it has to be copied; FileNotFoundError."""

    def read(self, path: str) -> bytes:
        """Read a small part; FileNotFoundError when it isn’t there."""

    def write(self, path: str, content: bytes) -> None:
        """Put a small part beside the others, whole or not at all."""

    def remove(self, name: str) -> None:
        """Remove a backup, or what was begun of one."""

    def contents(self) -> dict[str, int]:
        """Answer the bytes of each content that is kept, by its name."""

    def keep(self, content: str, path: Path, file: BinaryIO) -> None:
        """Keep the open `file` as `content`; it lies at `path` and is hard-linked where that is possible."""

    def open(self, content: str) -> BinaryIO:
        """Open a content to read; FileNotFoundError when it isn’t kept."""

    def link(self, content: str, place: Path) -> bool:
        """Hard-link a content to `place`; False where that can’t be done."""

    def discard(self, content: str) -> None:
        """Remove a content."""


def target(settings: Settings) -> Target:
    """Answer the place that the settings name; BackupError when it can’t be one."""
    place = settings.backup_target
    if place.startswith("s3://"):
        try:
            return Bucket(place, settings)
        except RuntimeError as error:  # boto3 isn’t installed
            raise BackupError(str(error)) from error
    if "://" in place:
        raise BackupError(f"LECTERN_BACKUP_TARGET must be a folder or s3://bucket/prefix, not “{place}”.")
    return Folder(Path(place))

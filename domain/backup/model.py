"""The types of backups: kinds, summaries, and results of verifications."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class BackupKind(StrEnum):
    """The reason for a backup; a snapshot holds the database alone, and only of SQLite."""

    MANUAL = "manual"
    DAILY = "daily"
    UPGRADE = "upgrade"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True)
class Proof:
    """The result of a verification by restoring: good when it has no problems."""

    at: datetime
    ok: bool
    problems: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Backup:
    """A summary of a backup in the target; `problem` explains in a sentence why it can’t be used.

    One that was begun and never finished isn’t `complete`. `database_bytes` is the size of the dump in the
    target, `file_bytes` the sum of all files it lists.
    """

    name: str
    kind: BackupKind
    made_at: datetime
    seconds: float = 0.0
    database: str = ""
    revision: str = ""
    database_bytes: int = 0
    files: int = 0
    file_bytes: int = 0
    encrypted: bool = False
    proof: Proof | None = None
    problem: str = ""
    complete: bool = True


@dataclass(frozen=True)
class RestoreResult:
    """The result of a restore: the backup, where the old state is kept, and notes for the operator."""

    backup: Backup
    left_beside: tuple[str, ...]
    notes: tuple[str, ...]


class BackupError(Exception):
    """A backup can't be made, read, restored or removed; the sentence tells the operator why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class DamagedError(BackupError):
    """A backup isn’t as it was written: truncated, changed, foreign, or impossible to restore."""


Progress = Callable[[str, int, int], None]


def quiet(step: str, done: int, total: int) -> None:
    """Ignore progress."""

"""What a backup is: its kinds, what its manifest says of it, and the proof that it was restored."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """Why a backup was made; a snapshot holds the database alone, and only of SQLite."""

    MANUAL = "manual"
    DAILY = "daily"
    UPGRADE = "upgrade"
    SNAPSHOT = "snapshot"


@dataclass(frozen=True)
class Proof:
    """The outcome of restoring a backup into a scratch place: good when it has no problems."""

    at: datetime
    ok: bool
    problems: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Backup:
    """A backup as it stands in the target; `problem` says in a sentence why one can’t be used.

    One that was begun and never finished isn’t `complete`.

    `database_bytes` is what the dump takes in the target, `file_bytes` the sum of all files it names.
    """

    name: str
    kind: Kind
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
class Restored:
    """What a restore did: which backup stands now, where the old state is, and what else there is to know."""

    backup: Backup
    left_beside: tuple[str, ...]
    notes: tuple[str, ...]


class BackupError(Exception):
    """A backup can't be made, read, restored or removed; the sentence tells the operator why."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class DamagedError(BackupError):
    """A backup isn’t what was once written: truncated, changed, foreign, or it can’t be restored."""


Progress = Callable[[str, int, int], None]


def quiet(step: str, done: int, total: int) -> None:
    """Report progress to nobody."""

"""A place for backups that is only pretended, for what doesn't depend on how one is made."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest
from flask import Flask

from domain import backup
from domain.backup import Backup, BackupError, BackupKind, Proof, before_upgrade
from models import db


@dataclass
class Target:
    """What it holds; what goes wrong next; and whether a transaction was open while it was used."""

    held: list[Backup] = field(default_factory=list)
    full: bool = False
    problems: tuple[str, ...] = ()
    no_proof: bool = False
    no_pruning: bool = False
    pruned: int = 0
    open_transactions: int = 0
    during: Callable[[], object] = lambda: None

    def put(
        self, kind: BackupKind = BackupKind.DAILY, made_at: datetime | None = None, **more: object
    ) -> Backup:
        """Add a backup made at a moment, now unless it is given."""
        moment = made_at or datetime.now(UTC)
        sizes = {"database_bytes": 5_000_000, "files": 12, "file_bytes": 3 * 1024**3, "revision": "0008"}
        made = Backup(f"{moment:%Y%m%dT%H%M%S%fZ}-{kind}", kind, moment, 2.5, **{**sizes, **more})  # type: ignore[arg-type]
        self.held.insert(0, made)
        return made

    def create(self, kind: BackupKind, progress: object = None) -> Backup:
        """Make a backup, unless the disk is full."""
        self._use()
        if self.full:
            raise BackupError("The disk is full.")
        self.during()
        return self.put(kind)

    def listing(self) -> list[Backup]:
        """Answer what it holds, newest first."""
        self._use()
        return sorted(self.held, key=lambda one: one.made_at, reverse=True)

    def verify(self, name: str, progress: object = None) -> Proof:
        """Prove a backup, with the problems it is to have."""
        self._use()
        if self.no_proof:
            raise BackupError("There is no room to restore it.")
        proof = Proof(datetime.now(UTC), not self.problems, self.problems, 8.0)
        self.held = [replace(one, proof=proof) if one.name == name else one for one in self.held]
        return proof

    def prune(self, now: datetime, **_more: object) -> list[str]:
        """Remove nothing, and count how often it was asked to."""
        if self.no_pruning:
            raise BackupError("The bucket does not answer.")
        self.pruned += 1
        return []

    def _use(self) -> None:
        self.open_transactions += db.session().in_transaction()


@pytest.fixture
def target(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Target:
    """Let everything that makes, lists, proves or removes backups use a pretended place."""
    made = Target()
    for name in ("create", "listing", "verify", "prune"):
        monkeypatch.setattr(backup, name, getattr(made, name))
    monkeypatch.setattr(before_upgrade, "create", made.create)
    return made

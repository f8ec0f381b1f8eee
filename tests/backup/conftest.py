"""A pretended target in place of the real one."""

import pytest
from flask import Flask

from domain import backup
from domain.backup import upgrading
from tests.backup.target import Target


@pytest.fixture
def target(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Target:
    """Let everything that makes, lists, proves or removes backups use this one."""
    made = Target()
    for name in ("create", "listing", "verify", "prune"):
        monkeypatch.setattr(backup, name, getattr(made, name))
    monkeypatch.setattr(upgrading, "create", made.create)
    return made

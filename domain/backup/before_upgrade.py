"""The backup before an upgrade changes the database."""

from collections.abc import Callable
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from flask import current_app

from domain.backup.creating import create
from domain.backup.model import Backup, BackupKind, Progress, quiet
from models import db


def back_up_first(
    revision: str = "head", say: Callable[[str], None] = lambda _: None, progress: Progress = quiet
) -> Backup | None:
    """Make a backup if an upgrade to `revision` has something to change, and `say` where it is.

    A database that is new or up to date needs none: then None. Raises BackupError.
    """
    if not is_pending(revision):
        return None
    say("Making a backup before the database is changed")
    made = create(BackupKind.UPGRADE, progress)
    say(f"The backup is {made.name} in {current_app.config['SETTINGS'].backup_target}")
    return made


def is_pending(revision: str) -> bool:
    """Tell if an upgrade to `revision` changes a database that has a schema."""
    with db.engine.connect() as connection:
        present = MigrationContext.configure(connection).get_current_heads()
    script = ScriptDirectory(str(Path(current_app.root_path) / "migrations"))
    try:
        return bool(present and script._upgrade_revs(revision, present))  # type: ignore[arg-type]  # several heads
    except CommandError:
        return False  # no such revision: the upgrade itself reports it

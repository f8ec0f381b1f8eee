"""Compatibility of a backup's schema with this code's migrations."""

from functools import cache
from pathlib import Path

from alembic.script import ScriptDirectory
from flask import current_app

from domain.backup.contents.manifest import Manifest
from domain.backup.model import BackupError


def check(manifest: Manifest) -> bool:
    """Tell if the schema is older than the code's; BackupError when the code doesn’t know it."""
    known = _revisions(Path(current_app.root_path) / "migrations")
    if manifest.revision and manifest.revision not in known:
        raise BackupError(
            f"{manifest.name} has the schema {manifest.revision}, which is newer than this code knows"
            f" ({known[0]}): install the version of Lectern that it was made with, or a newer one."
        )
    return manifest.revision != known[0]


@cache
def _revisions(folder: Path) -> list[str]:
    """List the migrations, newest first."""
    return [script.revision for script in ScriptDirectory(str(folder)).walk_revisions()]

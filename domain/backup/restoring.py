"""Put a backup in the place of the shop's database and files."""

from datetime import datetime

from domain.backup.model import BackupError, Progress, Restored, quiet


def restore(
    name: str = "",
    *,
    at: datetime | None = None,
    force: bool = False,
    skip_damaged: bool = False,
    progress: Progress = quiet,
) -> Restored:
    """Restore the backup `name`, or the last one made at or before `at`, leaving the old state beside it.

    Raises BackupError, with nothing changed, when the shop runs or isn't empty (unless `force`d).
    """
    raise BackupError("Restoring is not built yet.")

"""Remove the backups that the rules no longer keep."""

from datetime import datetime

from domain.backup.model import Progress, quiet


def prune(now: datetime, *, dry_run: bool = False, progress: Progress = quiet) -> list[str]:
    """Remove what is no longer kept, and answer the names of the backups removed (or that would be)."""
    return []

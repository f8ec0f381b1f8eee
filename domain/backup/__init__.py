"""Backups of the database and the files, proved by restoring them.

Others use `create`, `listing`, `verify`, `restore`, `prune`, and the words of `model`: `Kind`, `Backup`,
`Proof`, `BackupError`. A backup stands in a target (a folder or an S3 prefix) as a manifest, a dump of the
database, a list of the files and, once for all backups, the files themselves by their SHA-256.
See docs/decisions/0018-backups.md.
"""

from domain.backup.creating import create
from domain.backup.listing import listing
from domain.backup.model import Backup, BackupError, Kind, Progress, Proof, Restored, quiet
from domain.backup.restoring import restore
from domain.backup.retention import prune
from domain.backup.verifying import verify

__all__ = [
    "Backup",
    "BackupError",
    "Kind",
    "Progress",
    "Proof",
    "Restored",
    "create",
    "listing",
    "prune",
    "quiet",
    "restore",
    "verify",
]

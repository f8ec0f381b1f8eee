"""Backups of the database and the files, verified by restoring them.

Public: `create`, `listing`, `verify`, `restore`, `prune`, and the types of `model`: `BackupKind`, `Backup`,
`Proof`, `BackupError`. A backup in a target (a folder or an S3 prefix) is a manifest, a dump of the database
and a list of the files; the files themselves are stored once for all backups by their SHA-256
(content-addressed). See docs/decisions/0018-backups.md.
"""

from domain.backup.creating import create
from domain.backup.listing import listing
from domain.backup.model import Backup, BackupError, BackupKind, Progress, Proof, RestoreResult, quiet
from domain.backup.pruning import prune
from domain.backup.restoring import restore
from domain.backup.verifying import verify

__all__ = [
    "Backup",
    "BackupError",
    "BackupKind",
    "Progress",
    "Proof",
    "RestoreResult",
    "create",
    "listing",
    "prune",
    "quiet",
    "restore",
    "verify",
]

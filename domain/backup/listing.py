"""Listing of the backups in the target."""

from datetime import datetime

from flask import current_app

from domain.backup.contents import manifest
from domain.backup.contents.manifest import MANIFEST, PROOF
from domain.backup.errors import explained
from domain.backup.model import Backup, BackupError, Proof
from domain.backup.targets import configured_target
from domain.backup.targets.configured_target import Target


def listing() -> list[Backup]:
    """List the backups, newest first; broken or incomplete ones explain it in `problem`.

    Encrypted ones are listed without their key. Raises BackupError when the target can’t be read.
    """
    with explained("Listing the backups"):
        target = configured_target.target(current_app.config["SETTINGS"])
        found = [_summary(target, name) for name in target.names()]
        begun = [
            Backup(name, kind, made_at, problem=f"{name} was started but never finished.", complete=False)
            for name in target.unfinished()
            for made_at, kind in [manifest.named(name)]
        ]
    return sorted(found + begun, key=lambda backup: (backup.made_at, backup.name), reverse=True)


def usable() -> list[Backup]:
    """List the backups that can be restored, judging by their manifests."""
    return [backup for backup in listing() if not backup.problem]


def find(name: str = "", at: datetime | None = None) -> Backup:
    """Find the backup `name`, or the last usable one made at or before `at`; BackupError if none.

    With neither, the newest usable one.
    """
    if name:
        manifest.named(name)
    for backup in listing():
        if backup.name == name or (not name and not backup.problem and (at is None or backup.made_at <= at)):
            return backup
    if name:
        raise BackupError(f"There is no backup {name}; run flask backup list to see them.")
    raise BackupError(
        f"There is no backup from before {at:%Y-%m-%d %H:%M:%S} UTC." if at else "There is no backup."
    )


def _summary(target: Target, name: str) -> Backup:
    try:
        return manifest.read(target.read(f"{name}/{MANIFEST}"), name, None).summary(_proof(target, name))
    except BackupError as error:
        problem = error.sentence
    except (FileNotFoundError, NotADirectoryError):
        problem = f"{name} is incomplete: it has no manifest."
    made_at, kind = manifest.named(name)
    return Backup(name, kind, made_at, problem=problem)


def _proof(target: Target, name: str) -> Proof | None:
    try:
        return manifest.read_proof(target.read(f"{name}/{PROOF}"))
    except FileNotFoundError:
        return None

"""`flask backup`: make, list, prove, restore and remove backups."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import click
import flask_migrate
from flask import current_app
from flask.cli import AppGroup

from cli import progress
from domain import backup
from domain.backup import Backup, BackupError, BackupKind
from domain.backup.contents import encryption
from domain.base import clock
from domain.base.counts import plural
from domain.ledger import checks

backup_group = AppGroup("backup", help="Make, test and restore backups.")


@contextmanager
def said() -> Iterator[None]:
    """Turn a BackupError into its sentence and exit code 1."""
    try:
        yield
    except BackupError as error:
        raise click.ClickException(error.sentence) from error


@backup_group.command("create")
@click.option("--snapshot", is_flag=True, help="Only the database (SQLite); kept for a day.")
def create(snapshot: bool) -> None:
    """Make a backup of the database and the files while the shop runs."""
    with said():
        made = backup.create(BackupKind.SNAPSHOT if snapshot else BackupKind.MANUAL, progress.show)
    size = f"{_size(made.database_bytes)}, {plural(made.files, 'file')} of {_size(made.file_bytes)}"
    click.echo(f"{made.name}: database {size}, in {made.seconds:.1f} seconds.")


@backup_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for scripts.")
def list_backups(as_json: bool) -> None:
    """List the backups, the newest first, and which of them were proved."""
    with said():
        found = backup.listing()
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], indent=1, default=str))
        return
    for one in found:
        click.echo(_line(one))
    if not found:
        click.echo("There are no backups yet. Make one with: flask backup create")


@backup_group.command("verify")
@click.argument("name", default="newest")
@click.option("--all", "every", is_flag=True, help="All backups, newest first.")
def verify(name: str, every: bool) -> None:
    """Restore a backup (the newest by default) into a scratch place and check it; exit 1 if it is bad."""
    if not every:
        with said():
            good = _prove("" if name == "newest" else name)
        if not good:
            raise click.ClickException("It can’t be trusted.")
        return
    with said():
        names = [one.name for one in backup.listing()]
    bad = sum(not _prove_or_say(one) for one in names)
    if bad:
        raise click.ClickException(f"{bad} of {len(names)} can’t be trusted.")


@backup_group.command("restore")
@click.argument("name", required=False, default="")
@click.option(
    "--at",
    "moment",
    metavar="TIME",
    help="The last backup made at or before this time (UTC unless given).",
)
@click.option(
    "--force", is_flag=True, help="Replace a shop that isn't empty; the old data is kept beside it."
)
@click.option("--skip-damaged", is_flag=True, help="Skip files that are damaged in the backup.")
def restore(name: str, moment: str | None, force: bool, skip_damaged: bool) -> None:
    """Put the backup NAME, or the last one before a TIME, in the shop's place. Stop the shop first."""
    if bool(name) == bool(moment):
        raise click.UsageError("Name a backup, or use --at TIME.")
    at = _moment(moment) if moment else None
    with said():
        done = backup.restore(name, at=at, force=force, skip_damaged=skip_damaged, progress=progress.show)
    click.echo(f"{done.backup.name} is restored.")
    for place in done.left_beside:
        click.echo(f"  The old data is in {place}.")
    for note in done.notes:
        click.echo(f"  Note: {note}")


@backup_group.command("prune")
@click.option("--dry-run", is_flag=True, help="Only show what would be removed.")
def prune(dry_run: bool) -> None:
    """Remove the backups that the rules no longer keep."""
    with said():
        names = backup.prune(clock.now(), dry_run=dry_run, progress=progress.show)
    for name in names:
        click.echo(name)
    click.echo(f"{len(names)} backups {'would be' if dry_run else 'were'} removed.")


@backup_group.command("new-key")
@click.argument("path", type=click.Path(path_type=Path))
def new_key(path: Path) -> None:
    """Write a key file at PATH that backups are encrypted with. Keep a copy where the backups are not."""
    with said():
        public = encryption.new_key(path)
    click.echo(f"{path} is written (public key {public}). Keep a copy: without it, no backup can be opened.")


@backup_group.command("check-restored", hidden=True)
def check_restored() -> None:
    """Migrate a restored scratch database and check its ledger; prints the problems as JSON."""
    flask_migrate.upgrade(directory=str(Path(current_app.root_path) / "migrations"))
    problems = [f"{name}: {row}" for name, check in checks.CHECKS.items() for row in check()]
    click.echo(json.dumps(problems))


def _prove(name: str) -> bool:
    label = name or "The newest backup"
    proof = backup.verify(name, progress.show)
    click.echo(
        f"{label} is good: restored and checked in {proof.seconds:.1f} seconds." if proof.ok else f"{label}:"
    )
    for problem in proof.problems:
        click.echo(f"  {problem}")
    return proof.ok


def _prove_or_say(name: str) -> bool:
    """Prove a backup; print an error instead of raising it, so that the others are proved too."""
    try:
        return _prove(name)
    except BackupError as error:
        click.echo(f"{name}: {error.sentence}")
        return False


def _line(one: Backup) -> str:
    """Format a backup as a line of the list."""
    if one.problem:
        return f"{one.name:32} BROKEN: {one.problem}"
    proof = "never tested"
    if one.proof:
        proof = f"{'tested' if one.proof.ok else 'FAILED'} {one.proof.at:%Y-%m-%d %H:%M}"
    facts = [
        f"database {_size(one.database_bytes)}",
        f"{plural(one.files, 'file')} of {_size(one.file_bytes)}",
    ]
    return f"{one.name:32} {', '.join(facts)}{', encrypted' if one.encrypted else ''}, {proof}"


def _size(count: float) -> str:
    """Format bytes for people."""
    for unit in ("bytes", "KB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"“{text}” isn’t a time. Write it as 2026-11-29T14:30.") from error
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)

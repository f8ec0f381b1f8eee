"""`flask db upgrade`: Flask-Migrate's command, preceded by a backup when there is something to migrate."""

from typing import Any

import click
import flask_migrate
from flask import g
from flask_migrate.cli import upgrade  # type: ignore[import-not-found]  # not in its stubs

import jobs
from cli import progress
from domain.backup import BackupError
from domain.backup.before_upgrade import back_up_first
from models import db

OWN_BACKUP = "Nothing was changed. If you have your own backup, run: flask --app app db upgrade --no-backup"


def upgrade_after_backup(
    directory: str | None, sql: bool, tag: str | None, x_arg: tuple[str, ...], revision: str, no_backup: bool
) -> None:
    """Upgrade to a later version, after a backup when there is something to change."""
    try:
        made = None if sql or no_backup else back_up_first(revision, click.echo, progress.show)
    except BackupError as error:
        raise click.ClickException(f"The backup failed. {error.sentence}\n{OWN_BACKUP}") from error
    flask_migrate.upgrade(directory or g.directory, revision, sql, tag, x_arg or g.x_arg)
    if made and revision == "head":
        jobs.enqueue("list_backups")
        db.session.commit()


def extend(command: click.Command, callback: Any) -> None:
    """Replace the callback of Flask-Migrate's command and add our option.

    Flask finds commands of extensions before it loads the application, so a command of ours with the same
    name would never be reached: the extension's own is modified instead, before its arguments are parsed.
    """
    command.callback = callback
    command.help = callback.__doc__
    command.params.append(
        click.Option(["--no-backup"], is_flag=True, help="Skip the backup, if you already have one.")
    )


extend(upgrade, upgrade_after_backup)

"""`flask db upgrade` begins with a backup when there is something to change."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import flask_migrate
import pytest
from alembic.script import ScriptDirectory
from click.testing import Result
from flask import Flask
from flask.cli import ScriptInfo
from flask_migrate.cli import db as db_group

from app import create_app
from domain.backup import BackupKind, before_upgrade
from models import Job, db
from tests.platform.backup_target import Target

pytestmark = pytest.mark.slow

Upgrade = Callable[..., Result]
SCRIPTS = ScriptDirectory("migrations")
NEWEST = SCRIPTS.get_current_head() or ""
OLDER = str(SCRIPTS.get_revision(NEWEST).down_revision)


@pytest.fixture
def upgrade(app: Flask, target: Target) -> Upgrade:
    """Run `flask db upgrade` with some arguments."""
    info = ScriptInfo(create_app=lambda: app)
    return lambda *more: app.test_cli_runner().invoke(db_group, ["upgrade", *more], obj=info)


@pytest.fixture
def older(app: Flask) -> None:
    """A database one revision behind, with the cast in it; test_backup_end_to_end.py begins much earlier."""
    with app.app_context():
        flask_migrate.downgrade()


def revision(app: Flask) -> str:
    with app.app_context():
        return str(db.session.scalar(db.text("SELECT version_num FROM alembic_version")))


@pytest.mark.usefixtures("older")
def test_an_upgrade_begins_with_a_backup_and_says_where_it_is(
    app: Flask, target: Target, upgrade: Upgrade
) -> None:
    target.during = lambda: found.append(revision(app))
    found: list[str] = []
    result = upgrade()
    assert result.exit_code == 0, result.output
    assert [one.kind for one in target.held] == [BackupKind.UPGRADE]
    assert found == [OLDER]
    assert f"The backup is {target.held[0].name} in {app.config['SETTINGS'].backup_target}" in result.output
    assert revision(app) == NEWEST
    with app.app_context():
        assert list(db.session.scalars(db.select(Job.kind))) == ["list_backups"]


def test_nothing_to_change_needs_no_backup(target: Target, upgrade: Upgrade) -> None:
    assert upgrade().exit_code == 0
    assert target.held == []


@pytest.mark.usefixtures("older")
def test_whoever_has_a_backup_makes_none(app: Flask, target: Target, upgrade: Upgrade) -> None:
    assert upgrade("--no-backup").exit_code == 0
    assert target.held == []
    assert revision(app) == NEWEST


@pytest.mark.usefixtures("older")
def test_a_failing_backup_stops_the_upgrade(app: Flask, target: Target, upgrade: Upgrade) -> None:
    target.full = True
    result = upgrade()
    assert result.exit_code == 1
    assert "The backup failed. The disk is full." in result.output
    assert "--no-backup" in result.output
    assert revision(app) == OLDER


@pytest.mark.usefixtures("target")
def test_a_new_database_needs_no_backup(app: Flask, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'new.db'}"
    with create_app(replace(app.config["SETTINGS"], database_url=url, database_direct_url=url)).app_context():
        assert not before_upgrade.is_pending("head")
        flask_migrate.upgrade(revision="0007")
        assert before_upgrade.is_pending("head")


@pytest.mark.usefixtures("older")
def test_a_step_on_the_way_is_an_upgrade_too(app: Flask, target: Target, upgrade: Upgrade) -> None:
    assert upgrade("+1").exit_code == 0
    assert revision(app) == NEWEST
    assert upgrade(NEWEST).exit_code == 0
    assert len(target.held) == 1


@pytest.mark.usefixtures("older")
def test_the_other_options_are_handed_on(app: Flask, target: Target, upgrade: Upgrade) -> None:
    shown = upgrade("--sql", "0006:0007")
    assert "CREATE TRIGGER" in shown.output
    assert target.held == []
    assert revision(app) == OLDER
    assert upgrade("-x", "a=b", "-d", "migrations", "--tag", "t", NEWEST).exit_code == 0
    assert revision(app) == NEWEST


def test_an_unknown_revision_makes_no_backup(app: Flask, target: Target, upgrade: Upgrade) -> None:
    result = upgrade("9999")
    assert result.exit_code == 1
    assert target.held == []


@pytest.mark.usefixtures("older")
def test_the_development_server_makes_one_too(app: Flask, target: Target) -> None:
    said: list[str] = []
    with app.app_context():
        made = before_upgrade.back_up_first(say=said.append)
    assert made == target.held[0]
    assert said[0] == "Making a backup before the database is changed"

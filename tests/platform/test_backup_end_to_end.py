"""The worker and the upgrade with real backups, on either database."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import flask_migrate
import pytest
from flask import Flask
from flask.cli import ScriptInfo
from flask_migrate.cli import db as db_group

import jobs
from domain import backup
from domain.backup import BackupKind, records
from models import BackupRecord, Job, db
from tests.platform.test_upgrade import NEWEST

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _inside(app: Flask, tmp_path: Path) -> Iterator[None]:
    """With a place for backups of this test's own."""
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], backup_target=str(tmp_path / "backups"))
    with app.app_context():
        yield


def do(kind: str) -> None:
    job_id = jobs.enqueue(kind)
    db.session.commit()
    jobs.run_all()
    assert db.session.get_one(Job, job_id).last_error is None


def test_a_backup_is_made_and_proved_by_the_worker() -> None:
    do("make_backup")
    do("prove_backup")
    record = db.session.scalars(db.select(BackupRecord)).one()
    assert (record.kind, record.problem, record.proof_problems, record.proof_ok) == ("daily", None, [], True)
    assert (record.revision, record.database_bytes > 0, record.gone_at) == (NEWEST, True, None)
    assert records.warnings() == []


def test_an_upgrade_begins_with_a_backup_of_the_older_schema_that_can_be_proved(app: Flask) -> None:
    db.session.rollback()
    flask_migrate.downgrade(revision="0006")
    info = ScriptInfo(create_app=lambda: app)
    result = app.test_cli_runner().invoke(db_group, ["upgrade"], obj=info)
    assert result.exit_code == 0, result.output
    made = backup.listing()[0]
    assert (made.kind, made.revision) == (BackupKind.UPGRADE, "0006")
    assert f"{made.name} in {app.config['SETTINGS'].backup_target}" in result.output
    assert backup.verify(made.name).problems == ()

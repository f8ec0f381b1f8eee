"""Backups by the worker: made, proved, listed; what fails is seen, tried again and told once."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask

import jobs
import mail
from domain.backup import BackupKind, records
from domain.backup.targets import locks
from domain.base import clock
from domain.platform import backup_jobs, retention
from models import AuditEntry, BackupRecord, EmailMessage, Job, JobState, db
from tests.platform.backup_target import Target


@pytest.fixture(autouse=True)
def _inside(app: Flask, target: Target) -> Iterator[None]:
    with app.app_context():
        yield


def rows() -> list[BackupRecord]:
    db.session.rollback()
    return list(db.session.scalars(db.select(BackupRecord).order_by(BackupRecord.made_at.desc())))


def do(kind: str, **payload: Any) -> Job:
    """Ask for a job and do what is due; the job."""
    job_id = jobs.enqueue(kind, **payload)
    db.session.commit()
    jobs.run_all()
    return db.session.get_one(Job, job_id)


def until_dead(job: Job) -> None:
    """Let every try that a job still has fail."""
    while job.state != JobState.DEAD:
        job.run_after = clock.now()
        db.session.commit()
        jobs.run_all()
        db.session.refresh(job)


def mails() -> list[dict[str, Any]]:
    query = db.select(EmailMessage).filter_by(template="backup_problem").order_by(EmailMessage.id)
    return [message.data for message in db.session.scalars(query)]


def test_a_nightly_backup_is_made_pruned_and_written_down(target: Target) -> None:
    assert do("make_backup").state == JobState.DONE
    record = rows()[0]
    assert (record.name, record.kind) == (target.held[0].name, BackupKind.DAILY)
    assert (record.database_bytes, record.files, record.file_bytes) == (5_000_000, 12, 3 * 1024**3)
    assert (record.seconds, record.revision, record.encrypted) == (2.5, "0008", False)
    assert (record.proved_at, record.gone_at, record.problem) == (None, None, None)
    assert target.pruned == 1


def test_no_transaction_is_held_while_the_worker_works(target: Target) -> None:
    do("make_backup")
    do("prove_backup")
    do("list_backups")
    assert target.open_transactions == 0


def test_a_backup_waits_while_old_ones_are_removed(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    removing = contextlib.ExitStack()
    removing.enter_context(locks.removing())
    monkeypatch.setattr(backup_jobs.time, "sleep", lambda _seconds: removing.close())
    assert do("make_backup").last_error is None
    assert len(target.held) == 1


def test_a_second_worker_leaves_it_alone(target: Target) -> None:
    job_id = jobs.enqueue("make_backup", key="tonight")
    db.session.commit()

    def meanwhile() -> None:
        jobs.enqueue("make_backup", key="tonight")
        db.session.commit()
        assert jobs.run(job_id) is False
        assert jobs.due() == []
        db.session.rollback()

    target.during = meanwhile
    jobs.run_all()
    assert len(target.held) == 1


def test_a_failed_try_is_seen_with_its_sentence_and_tried_again(target: Target) -> None:
    target.full = True
    job = do("make_backup")
    assert (job.state, job.run_after > clock.now()) == (JobState.QUEUED, True)
    until_dead(job)
    failed = rows()
    assert [(one.name, one.kind, one.problem, one.tries) for one in failed] == [
        (None, "daily", "The disk is full.", jobs.MAX_ATTEMPTS)
    ]
    target.full = False
    jobs.retry(job)
    db.session.commit()
    jobs.run_all()
    assert [one.name is None for one in rows()] == [False, True]


def test_the_next_night_is_another_failure(target: Target) -> None:
    target.full = True
    do("make_backup")
    with time_machine.travel(clock.now() + timedelta(hours=23)):
        do("make_backup")
    assert len(rows()) == 2


def test_a_nightly_backup_that_dies_is_told_once(target: Target) -> None:
    target.full = True
    job = do("make_backup")
    assert mails() == []
    until_dead(job)
    assert [(one["headline"], one["problem"]) for one in mails()] == [("Backup failed", "The disk is full.")]
    message = db.session.scalars(db.select(EmailMessage).filter_by(template="backup_problem")).one()
    assert message.recipient == "hello@example.com"
    for body in mail.render_bodies(message):
        assert "The disk is full." in body
        assert "http://localhost/admin/backups" in body
    entry = db.session.scalars(db.select(AuditEntry)).one()
    assert (entry.action, entry.actor_id, entry.note) == ("backup_failed", None, "The disk is full.")


def test_pruning_that_fails_makes_no_second_backup(target: Target) -> None:
    target.no_pruning = True
    assert do("make_backup").state == JobState.DONE
    assert len(target.held) == len(rows()) == 1


def test_the_monthly_proof_takes_the_newest(target: Target) -> None:
    day = timedelta(days=1)
    old, newest = target.put(made_at=clock.now() - day), target.put(made_at=clock.now() - day / 2)
    target.put(BackupKind.SNAPSHOT)
    target.put(made_at=clock.now() - timedelta(hours=9), problem="Its manifest can’t be read.")
    do("list_backups")
    assert do("prove_backup").state == JobState.DONE
    proved = {one.name: (one.proof_ok, one.proof_seconds) for one in rows() if one.proved_at}
    assert proved == {newest.name: (True, 8.0)}
    assert old.name not in proved
    assert mails() == []


def test_there_may_be_nothing_to_prove(target: Target) -> None:
    assert do("prove_backup").state == JobState.DONE
    assert do("prove_backup", name="20200101T020000Z-daily").state == JobState.DONE
    assert rows() == []


def test_a_bad_backup_is_seen_and_told_once(target: Target) -> None:
    target.put()
    do("list_backups")
    target.problems = ("Table orders has 3 rows, the backup said 4.", "One file is missing.")
    assert do("prove_backup").state == JobState.DONE
    record = rows()[0]
    assert (record.proof_ok, tuple(record.proof_problems)) == (False, target.problems)
    assert [one["problem"] for one in mails()] == [" ".join(target.problems)]
    do("list_backups")
    assert len(mails()) == 1
    assert [entry.action for entry in db.session.scalars(db.select(AuditEntry))] == ["proof_failed"]


def test_a_proof_that_can_not_begin_is_seen_and_told_once(target: Target) -> None:
    made = target.put()
    do("list_backups")
    target.no_proof = True
    until_dead(do("prove_backup", name=made.name))
    failed = [one for one in rows() if one.name is None]
    assert [(one.kind, one.problem) for one in failed] == [
        ("proof", f"{made.name}: There is no room to restore it.")
    ]
    assert [one["headline"] for one in mails()] == ["Backup test failed"]
    assert len(records.warnings()) == 1
    target.no_proof = False
    do("prove_backup", name=made.name)
    assert records.warnings() == []


def test_what_was_removed_by_hand_is_gone_and_may_come_back(target: Target) -> None:
    made, snapshot = target.put(), target.put(BackupKind.SNAPSHOT)
    do("list_backups")
    assert {one.name for one in rows()} == {made.name, snapshot.name}
    target.held = []
    do("list_backups")
    assert [(one.name, one.gone_at is not None) for one in rows()] == [(made.name, True)]
    target.held = [made]
    do("list_backups")
    do("list_backups")
    assert [(one.name, one.gone_at) for one in rows()] == [(made.name, None)]


def test_an_old_listing_hides_no_new_backup(target: Target) -> None:
    before = backup_jobs.list_all()
    do("make_backup")
    records.sync(before.backups, before.at)
    db.session.commit()
    assert [one.gone_at for one in rows()] == [None]


def test_a_broken_backup_is_named(target: Target) -> None:
    target.put(made_at=clock.now() - timedelta(days=1), problem="Its manifest can’t be read.")
    do("list_backups")
    assert rows()[0].problem == "Its manifest can’t be read."
    target.held = [replace(target.held[0], problem="")]
    do("list_backups")
    assert rows()[0].problem is None


def test_a_backup_that_is_being_made_is_not_called_broken(target: Target) -> None:
    target.put(problem="It was started but never finished.", complete=False)
    do("list_backups")
    assert rows() == []
    target.held[0] = replace(target.held[0], problem="", complete=True)
    do("list_backups")
    assert [(one.problem, one.gone_at) for one in rows()] == [(None, None)]


def test_what_is_gone_or_failed_is_forgotten_after_a_while(target: Target) -> None:
    target.put()
    do("list_backups")
    target.full, target.held = True, []
    do("make_backup")
    do("list_backups")
    assert len(rows()) == 2
    with time_machine.travel(clock.now() + records.KEEP + timedelta(days=1)):
        records.sync([], clock.now())
        db.session.commit()
    assert rows() == []


def test_snapshots_that_piled_up_are_made_once(target: Target, app: Flask) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], backup_snapshot_minutes=15)
    target.full = True
    first, second = do("snapshot_database"), do("snapshot_database")
    assert [(one.kind, one.problem, one.tries) for one in rows()] == [("snapshot", "The disk is full.", 2)]
    target.full = False
    for job in (first, second):
        jobs.retry(job)
    db.session.commit()
    jobs.run_all()
    assert [one.kind for one in target.held] == [BackupKind.SNAPSHOT]
    with time_machine.travel(clock.now() + timedelta(minutes=15)):
        do("snapshot_database")
    assert len(target.held) == 2
    assert mails() == []


def test_tidying_up_leaves_what_is_known_of_backups(target: Target) -> None:
    do("make_backup")
    with time_machine.travel(datetime.now(UTC) + timedelta(days=30)):
        retention.clean_up()
        db.session.commit()
    assert len(rows()) == 1

"""/admin/backups: what there is, what failed, and the buttons that make and prove one; admins only."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

import jobs
from domain.backup import BackupKind, Proof, records
from domain.base import clock
from domain.platform import backup_jobs
from models import AuditEntry, BackupRecord, Job, JobState, db
from tests.auth.mails import SignIn
from tests.cast import Cast
from tests.platform.backup_target import Target

PAGE = "/admin/backups"


@pytest.fixture
def mo(cast: Cast, signed_in: SignIn, target: Target) -> FlaskClient:
    """The browser of an admin."""
    return signed_in(cast.mo)


def write(app: Flask, target: Target) -> None:
    with app.app_context():
        records.sync(target.listing(), clock.now())
        db.session.commit()


def work(app: Flask) -> None:
    with app.app_context():
        jobs.run_all()


def audited(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        entries = db.session.scalars(db.select(AuditEntry).order_by(AuditEntry.id))
        return [(entry.action, entry.subject_type) for entry in entries]


def jobs_of(app: Flask, kind: str) -> list[JobState]:
    with app.app_context():
        return list(db.session.scalars(db.select(Job.state).where(Job.kind == kind)))


def record_id(app: Flask) -> str:
    with app.app_context():
        return str(db.session.scalars(db.select(BackupRecord.id)).one())


def test_nobody_else_comes_in(app: Flask, cast: Cast, signed_in: SignIn, target: Target) -> None:
    target.put()
    write(app, target)
    prove = f"{PAGE}/{record_id(app)}/prove"
    for person in (cast.cy, cast.bo, cast.ada):
        browser = signed_in(person)
        assert [browser.get(PAGE).status_code, browser.post(PAGE).status_code] == [404, 404]
        assert browser.post(prove).status_code == 404
    stranger = app.test_client()
    for answer in (stranger.get(PAGE), stranger.post(PAGE), stranger.post(prove)):
        assert answer.status_code == 303
        assert answer.location.startswith("/login")
    assert jobs_of(app, "make_backup") == jobs_of(app, "prove_backup") == []


def test_an_empty_page_says_what_to_do_next(mo: FlaskClient) -> None:
    page = mo.get(PAGE).text
    assert "No backups yet" in page
    assert "Back up now" in page
    assert "Nothing has failed" in mo.get(f"{PAGE}?state=failed").text
    assert "Nothing was removed" in mo.get(f"{PAGE}?state=gone").text


def test_a_backup_is_listed_with_its_size_time_and_last_proof(
    app: Flask, mo: FlaskClient, target: Target
) -> None:
    proof = Proof(clock.now() - timedelta(days=3), True, (), 12.0)
    nightly = target.put(encrypted=True, proof=proof)
    target.put(BackupKind.UPGRADE, clock.now() - timedelta(days=1))
    target.put(BackupKind.SNAPSHOT, clock.now() - timedelta(days=2), files=0, file_bytes=0)
    write(app, target)
    page = mo.get(PAGE).text
    for text in (nightly.name, "Before an upgrade", "Snapshot", "Nightly, encrypted", "4.8 MB", "3 GB"):
        assert text in page
    for text in ("12 files", "2.5 s", "Tested", "3 days ago", "Not yet"):
        assert text in page


def test_a_failed_proof_shows_its_problems_and_a_broken_backup_its_sentence(
    app: Flask, mo: FlaskClient, target: Target
) -> None:
    problems = tuple(f"File {number} is <missing>." for number in range(5))
    target.put(proof=Proof(clock.now(), False, problems, 1.0))
    target.put(made_at=clock.now() - timedelta(days=1), problem="Its manifest is cut short.")
    write(app, target)
    for address in (PAGE, f"{PAGE}?state=failed"):
        page = mo.get(address).text
        assert "File 0 is &lt;missing&gt;." in page
        assert "and 2 more" in page
        assert "Its manifest is cut short." in page


def test_failures_have_their_sentence(app: Flask, mo: FlaskClient, target: Target) -> None:
    target.full = True
    with app.app_context():
        jobs.enqueue("make_backup")
        db.session.commit()
    work(app)
    assert "The disk is full." in mo.get(f"{PAGE}?state=failed").text
    assert "The disk is full." not in mo.get(PAGE).text


def test_what_was_removed_has_a_list_of_its_own(app: Flask, mo: FlaskClient, target: Target) -> None:
    made = target.put()
    write(app, target)
    target.held = []
    write(app, target)
    assert made.name not in mo.get(PAGE).text
    page = mo.get(f"{PAGE}?state=gone").text
    assert made.name in page
    assert "Test this backup" not in page


def test_back_up_now_makes_one_backup_however_often_it_is_pressed(
    app: Flask, mo: FlaskClient, target: Target
) -> None:
    for _ in range(2):
        answer = mo.post(PAGE)
        assert (answer.status_code, answer.location) == (303, PAGE)
    page = mo.get(PAGE).text
    assert "A backup is being made" in page
    assert "Back up now</span>" not in page
    work(app)
    assert [one.kind for one in target.held] == [BackupKind.MANUAL]
    assert target.held[0].name in mo.get(PAGE).text
    assert audited(app) == [("ask_for_backup", "job")]


def test_back_up_now_works_every_time(app: Flask, mo: FlaskClient, target: Target) -> None:
    for count in (1, 2, 3):
        mo.post(PAGE)
        work(app)
        assert len(target.held) == count
    assert jobs_of(app, "make_backup") == [JobState.DONE]
    assert len(audited(app)) == 3


def test_back_up_now_does_not_wait_for_the_next_try(app: Flask, mo: FlaskClient, target: Target) -> None:
    target.full = True
    mo.post(PAGE)
    work(app)
    target.full = False
    assert "Back up now" in mo.get(PAGE).text
    mo.post(PAGE)
    work(app)
    assert len(target.held) == 1


def test_prove_this_backup_proves_it_once_however_often_it_is_pressed(
    app: Flask, mo: FlaskClient, target: Target
) -> None:
    target.put()
    write(app, target)
    prove = f"{PAGE}/{record_id(app)}/prove"
    for _ in range(2):
        answer = mo.post(prove)
        assert (answer.status_code, answer.location) == (303, PAGE)
    page = mo.get(PAGE).text
    assert "Being tested" in page
    assert "Test this backup" not in page
    assert jobs_of(app, "prove_backup") == [JobState.QUEUED]
    work(app)
    assert "Tested" in mo.get(PAGE).text
    assert audited(app) == [("ask_for_proof", "backuprecord")]
    mo.post(prove)
    assert jobs_of(app, "prove_backup") == [JobState.QUEUED]


def test_what_is_gone_can_not_be_proved(app: Flask, mo: FlaskClient, target: Target) -> None:
    target.put()
    write(app, target)
    prove = f"{PAGE}/{record_id(app)}/prove"
    target.held = []
    write(app, target)
    assert mo.post(prove).status_code == 303
    assert "This backup no longer exists" in mo.get(PAGE).text
    assert jobs_of(app, "prove_backup") == []


def test_the_page_says_where_they_go_without_secrets_and_what_is_kept(app: Flask, mo: FlaskClient) -> None:
    app.config["SETTINGS"] = replace(
        app.config["SETTINGS"], backup_target="s3://AKIA:hush@Bucket/shop", backup_keep_daily=7,
        backup_keep_monthly=1, backup_snapshot_minutes=15,
    )  # fmt: skip
    page = mo.get(PAGE).text
    assert "s3://Bucket/shop" in page
    assert "hush" not in page
    assert "7 daily and 1 monthly" in page
    assert "Every 15 minutes, for a day" in page


def test_a_long_list_is_paged_newest_first(app: Flask, mo: FlaskClient, target: Target) -> None:
    for day in range(60):
        target.put(made_at=clock.now() - timedelta(days=day))
    write(app, target)
    first = mo.get(PAGE).text
    names = [one.name for one in sorted(target.held, key=lambda one: one.made_at, reverse=True)]
    assert [name for name in names if name in first] == names[:50]
    with app.app_context():
        last = db.session.scalars(db.select(BackupRecord.id).filter_by(name=names[49])).one()
    assert f"after={last}" in first
    second = mo.get(f"{PAGE}?after={last}").text
    assert [name for name in names if name in second] == names[50:]


def test_asking_is_one_transaction(app: Flask, cast: Cast, target: Target) -> None:
    with app.app_context():
        backup_jobs.request_backup(cast.mo)
        db.session.rollback()
    assert jobs_of(app, "make_backup") == []
    assert audited(app) == []

"""Jobs: nothing is lost, nothing is done twice, and what fails is tried again or waits for a person."""

import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import flask_migrate
import pytest
from flask import Flask
from sqlalchemy import func, select

import config
import jobs
from app import create_app
from jobs import runner, schedule
from models import AuditEntry, Job, JobState, Lane, db, now

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def work(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """A kind of job whose verb leaves an audit entry, and can be told to fail."""
    state = SimpleNamespace(fail=False, during=None)

    def do(note: str) -> None:
        db.session.add(AuditEntry(action="worked", subject_type="test", subject_id="1", note=note))
        db.session.flush()
        if state.during:
            state.during()
        if state.fail:
            raise RuntimeError("the printer is on fire")

    monkeypatch.setitem(jobs.KINDS, "work", jobs.Task("test.do"))
    monkeypatch.setattr(runner, "_verb", lambda _path: do)
    with app.app_context():
        yield state


def effects() -> int:
    return db.session.scalar(select(func.count()).where(AuditEntry.action == "worked")) or 0


def only_job() -> Job:
    db.session.rollback()
    return db.session.scalars(select(Job).where(Job.kind == "work")).one()


def test_a_job_and_its_effect_are_one_transaction(work: SimpleNamespace) -> None:
    jobs.enqueue("work", note="a")
    db.session.commit()
    assert jobs.run_all() == 1
    assert effects() == 1
    assert only_job().state == JobState.DONE


def test_a_rolled_back_request_asks_for_nothing(work: SimpleNamespace) -> None:
    jobs.enqueue("work", note="a")
    db.session.rollback()
    assert jobs.run_all() == 0
    assert effects() == 0


def test_a_key_makes_it_happen_once(work: SimpleNamespace) -> None:
    for _ in range(3):
        jobs.enqueue("work", key="once", note="a")
    db.session.commit()
    jobs.enqueue("work", key="once", note="a")
    db.session.commit()
    jobs.run_all()
    assert effects() == 1


def test_an_unknown_kind_is_refused_at_once(app: Flask) -> None:
    with app.app_context(), pytest.raises(KeyError):
        jobs.enqueue("no such kind")


def test_a_failure_leaves_no_half_effect_and_is_tried_again_later(work: SimpleNamespace) -> None:
    work.fail = True
    jobs.enqueue("work", note="a")
    db.session.commit()
    jobs.run_all()
    job = only_job()
    assert effects() == 0
    assert job.state == JobState.QUEUED
    assert job.run_after > now()
    assert job.last_error == "RuntimeError: the printer is on fire"
    work.fail = False
    job.run_after = now()
    db.session.commit()
    jobs.run_all()
    assert effects() == 1
    assert only_job().last_error is None


def test_after_its_last_try_it_is_dead_until_somebody_retries_it(work: SimpleNamespace, app: Flask) -> None:
    work.fail = True
    jobs.enqueue("work", note="a")
    db.session.commit()
    only_job().attempts = jobs.MAX_ATTEMPTS - 1
    db.session.commit()
    jobs.run_all()
    assert only_job().state == JobState.DEAD
    listed = app.test_cli_runner().invoke(args=["jobs", "list", "--state", "dead"])
    assert "the printer is on fire" in listed.output
    work.fail = False
    retried = app.test_cli_runner().invoke(args=["jobs", "retry", "--all-dead"])
    assert retried.output == "1 queued again\n"
    jobs.run_all()
    assert effects() == 1
    assert app.test_cli_runner().invoke(args=["jobs", "retry", "--all-dead"]).exit_code == 1


def test_a_job_left_by_a_dead_worker_is_taken_up_when_its_lease_runs_out(work: SimpleNamespace) -> None:
    job_id = jobs.enqueue("work", note="a")
    db.session.commit()
    assert runner.claim_next(Lane.QUICK) is not None
    assert jobs.run(job_id) is False
    job = only_job()
    assert job.state == JobState.RUNNING
    job.leased_until = now() - timedelta(seconds=1)
    db.session.commit()
    assert jobs.run_all() == 1
    assert effects() == 1


def test_a_worker_that_lost_its_lease_undoes_its_work(work: SimpleNamespace) -> None:
    job_id = jobs.enqueue("work", note="a")
    db.session.commit()
    work.during = lambda: db.session.execute(
        db.update(Job).where(Job.id == job_id).values(lease=uuid.uuid4())
    )
    jobs.run(job_id)
    assert effects() == 0


def test_the_schedule_is_kept_once_however_many_workers_keep_it(app: Flask) -> None:
    with app.app_context():
        moment = now()
        for _ in range(3):
            jobs.plan_schedule(moment)
            db.session.commit()
        count = db.session.scalar(select(func.count()).select_from(Job))
        assert count == len(schedule.SCHEDULE)


@pytest.mark.slow
def test_a_worker_killed_outright_loses_nothing(tmp_path: Path) -> None:
    """kill -9 in the middle of things; the next worker finishes what the first left."""
    own = {
        "LECTERN_ENV": "development",
        "LECTERN_DATA_DIR": str(tmp_path),
        "LECTERN_SECRET_KEY": "only for this test, and long enough for it",
    }
    app = create_app(config.load(own))
    with app.app_context():
        flask_migrate.upgrade()
        for n in range(40):
            jobs.enqueue("clean_up", key=f"kill:{n}")
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    environ = os.environ | own
    flask = [sys.executable, "-m", "flask", "--app", "app"]
    worker = subprocess.Popen([*flask, "worker"], cwd=ROOT, env=environ, stderr=subprocess.DEVNULL)
    wait_for(tmp_path, lambda done: done >= 3)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    release_leases(tmp_path)
    worker = subprocess.Popen([*flask, "worker"], cwd=ROOT, env=environ, stderr=subprocess.DEVNULL)
    try:
        assert wait_for(tmp_path, lambda done: done == 40) == 40
    finally:
        worker.terminate()
        assert worker.wait(timeout=20) == 0


def count_done(folder: Path) -> int:
    import sqlite3

    with sqlite3.connect(folder / "lectern.db", timeout=10) as connection:
        query = "SELECT count(*) FROM jobs WHERE state = 'done' AND unique_key LIKE 'kill:%'"
        return int(connection.execute(query).fetchone()[0])


def release_leases(folder: Path) -> None:
    """What a minute of waiting would do."""
    import sqlite3

    with sqlite3.connect(folder / "lectern.db", timeout=10) as connection:
        connection.execute("UPDATE jobs SET leased_until = '2000-01-01 00:00:00' WHERE state = 'running'")


def wait_for(folder: Path, enough: object, seconds: float = 120) -> int:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if enough(done := count_done(folder)):  # type: ignore[operator]
            return done
        time.sleep(0.05)
    return count_done(folder)

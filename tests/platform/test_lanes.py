"""The worker: two lanes, one claim for each job, and an end that loses nothing."""

import pickle
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select
from sqlalchemy.engine import Engine
from sqlalchemy.sql import Select

import jobs
from cli.worker import remove_old_queue, ticking
from domain.base import clock
from jobs import runner, schedule, worker
from jobs.registry import LongTask, Task
from jobs.worker import Worker
from models import AuditEntry, Job, JobState, Lane, WorkerBeat, db, now
from tables import base
from tests.conftest import ON_POSTGRESQL


@pytest.fixture
def kinds(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """Two kinds of jobs: a mail, which is quick, and a film, which takes until it `may_end`."""
    state = SimpleNamespace(may_end=threading.Event(), begun=threading.Semaphore(0))

    def film(_plan: Any) -> None:
        state.begun.release()
        state.may_end.wait(30)

    def note(*_given: Any, **payload: Any) -> bool:
        db.session.add(AuditEntry(action="done", subject_type="test", subject_id=payload.get("to", "film")))
        return True

    verbs: dict[str, Callable[..., Any]] = {"begin": lambda: True, "film": film, "note": note}
    monkeypatch.setattr(runner, "_verb", lambda path: verbs[path])
    monkeypatch.setattr(worker, "POLL_SECONDS", 0.02)
    monkeypatch.setitem(jobs.KINDS, "mail", Task("note"))
    monkeypatch.setitem(jobs.KINDS, "film", LongTask("begin", "film", "note", lane=Lane.SLOW))
    with app.app_context():
        yield state
    state.may_end.set()


@contextmanager
def working(app: Flask, quick: int = 1, slow: int = 1) -> Iterator[Worker]:
    """Let a worker run meanwhile; it has stopped afterwards."""
    made = Worker(app, {Lane.QUICK: quick, Lane.SLOW: slow}, tick=lambda: None)
    thread = threading.Thread(target=made.run)
    thread.start()
    try:
        yield made
    finally:
        made.stop()
        thread.join(30)
    assert not thread.is_alive()


def put(*given: str) -> None:
    for number, kind in enumerate(given):
        jobs.enqueue(kind, **({"to": f"{number}"} if kind == "mail" else {}))
    db.session.commit()


def done() -> list[str]:
    db.session.rollback()
    found = sorted(db.session.scalars(select(AuditEntry.subject_id).where(AuditEntry.action == "done")))
    db.session.rollback()  # on SQLite it holds the write lock
    return found


def wait_for(condition: Callable[[], object], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it took too long"
        time.sleep(0.02)


def test_films_never_hold_up_mail(app: Flask, kinds: SimpleNamespace) -> None:
    put("film", "film", "film")
    with working(app, quick=1, slow=2):
        for _ in range(2):
            assert kinds.begun.acquire(timeout=20)
        put("mail", "mail")
        wait_for(lambda: done() == ["0", "1"])
        states = sorted(db.session.scalars(select(Job.state).where(Job.kind == "film")))
        db.session.rollback()
        assert states == [JobState.QUEUED, JobState.RUNNING, JobState.RUNNING]
        kinds.may_end.set()
        wait_for(lambda: done() == ["0", "1", "film", "film", "film"])


def test_a_job_goes_into_the_lane_of_its_kind(app: Flask) -> None:
    quick = {"send_email", "process_stripe_event", "refund_payment", "settle_order", "carry_out_verdict"}
    slow = {"process_media", "import_course", "export_course", "make_backup", "prove_backup"}
    assert {jobs.KINDS[kind].lane for kind in quick} == {Lane.QUICK}
    assert {jobs.KINDS[kind].lane for kind in slow} == {Lane.SLOW}
    with app.app_context():
        jobs.enqueue("make_backup")
        assert db.session.scalars(select(Job.lane)).one() == Lane.SLOW


def test_running_jobs_are_finished_when_the_worker_stops(app: Flask, kinds: SimpleNamespace) -> None:
    put("film")
    with working(app) as running:
        assert kinds.begun.acquire(timeout=20)
        running.stop()
        kinds.may_end.set()
    assert done() == ["film"]


def test_what_takes_longer_is_left_to_the_next_worker_at_once(
    app: Flask, kinds: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "STOP_SECONDS", 0.1)
    put("film")
    with working(app) as stopped:
        assert kinds.begun.acquire(timeout=20)
    job = db.session.scalars(select(Job)).one()
    assert (job.state, job.attempts, job.lease, job.leased_until) == (JobState.QUEUED, 0, None, None)
    db.session.rollback()
    kinds.may_end.set()
    for thread in stopped.threads:
        thread.join(30)
    assert done() == []
    assert runner.lanes_due() == [Lane.SLOW]
    assert jobs.run_all() == 1
    assert done() == ["film"]


def test_a_worker_outlives_a_database_that_is_down(
    app: Flask, kinds: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "TICK_SECONDS", 0.1)
    failures = iter([OSError("down"), OSError("still down")])
    real = runner.lanes_due

    def lanes_due() -> list[Lane]:
        for failure in failures:
            raise failure
        return real()

    monkeypatch.setattr(runner, "lanes_due", lanes_due)
    put("mail")
    with working(app):
        wait_for(lambda: done() == ["0"])


@pytest.fixture
def without_lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The claim reads the next job first and takes it in a second statement, without any lock."""
    read = threading.Barrier(2)

    def first(which: Any, moment: Any) -> Any:
        found = db.session.scalar(real(which, moment))
        with suppress(threading.BrokenBarrierError):
            read.wait(5)
        return select(Job.id).where(Job.id == found)

    real = runner._first
    monkeypatch.setattr(runner, "_first", first)
    monkeypatch.setattr(Select, "with_for_update", lambda self, **_: self)
    event.remove(Engine, "begin", base._begin_sqlite)
    yield
    event.listen(Engine, "begin", base._begin_sqlite)


def claims(app: Flask, count: int) -> list[uuid.UUID]:
    """Claim in that many threads at once; what each got."""
    gate, got = threading.Barrier(count), []

    def claim() -> None:
        with app.app_context():
            gate.wait(10)
            if (claimed := runner.claim_next(Lane.QUICK)) is not None:
                got.append(claimed.job_id)

    threads = [threading.Thread(target=claim) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return got


def test_without_the_lock_two_workers_get_the_same_job(
    app: Flask, kinds: SimpleNamespace, without_lock: None
) -> None:
    put("mail", "mail")
    first, second = claims(app, 2)
    assert first == second


def test_each_job_is_claimed_once(app: Flask, kinds: SimpleNamespace) -> None:
    for _ in range(5):
        put(*["mail"] * 3)
        got = claims(app, 6)
        assert len(set(got)) == len(got) <= 3
        while (claimed := runner.claim_next(Lane.QUICK)) is not None:
            got.append(claimed.job_id)
        assert len(set(got)) == len(got) == 3


@pytest.mark.postgresql
def test_a_job_that_is_being_claimed_is_skipped_at_once(app: Flask, kinds: SimpleNamespace) -> None:
    put("mail", "mail")
    first, second = db.session.scalars(select(Job.id).order_by(Job.run_after))
    with db.engine.connect() as other:
        other.execute(select(Job.id).where(Job.id == first).with_for_update())
        got: list[uuid.UUID] = []
        thread = threading.Thread(target=lambda: got.extend(claims(app, 1)))
        thread.start()
        thread.join(5)
        assert got == [second]
    thread.join()


def test_a_claim_reads_one_entry_of_the_index(app: Flask) -> None:
    if ON_POSTGRESQL:
        pytest.skip("a planner with so few rows reads them all")
    with app.app_context():
        query = runner._first(Job.lane == Lane.QUICK, now()).compile(db.engine)
        with db.engine.connect() as connection:
            values = ("quick", "queued", "2026-01-01", 1, 0)
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values).all()
        assert [row.detail for row in plan] == [
            "SEARCH jobs USING INDEX ix_jobs_lane_state_run_after (lane=? AND state=? AND run_after<?)"
        ]


def test_what_kills_its_worker_every_time_ends_as_a_dead_job(app: Flask, kinds: SimpleNamespace) -> None:
    put("mail", "mail")
    for attempts in (jobs.MAX_ATTEMPTS, jobs.MAX_ATTEMPTS - 1):
        claimed = runner.claim_next(Lane.QUICK)
        assert claimed is not None
        job = db.session.get_one(Job, claimed.job_id)
        job.attempts, job.leased_until = attempts, now() - timedelta(seconds=1)
        db.session.commit()
    runner.requeue_expired()
    rows = {job.state: job for job in db.session.scalars(select(Job))}
    assert set(rows) == {JobState.DEAD, JobState.QUEUED}
    assert rows[JobState.DEAD].last_error == "LostWorkerError: The worker ended while it ran this job."
    assert jobs.run_all() == 1


@pytest.mark.parametrize("attempts", [1, jobs.MAX_ATTEMPTS])
def test_a_job_that_cannot_show_its_failure_stops_no_other(
    app: Flask, kinds: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, attempts: int
) -> None:
    monkeypatch.setitem(jobs.KINDS, "film", LongTask("begin", "missing", "note", fail="missing"))
    put("film")
    claimed = runner.claim_next(Lane.QUICK)
    assert claimed is not None
    job = db.session.get_one(Job, claimed.job_id)
    job.attempts, job.leased_until = attempts, now() - timedelta(seconds=1)
    db.session.commit()
    put("mail")
    assert jobs.run_all() == (1 if attempts == jobs.MAX_ATTEMPTS else 2)
    states = {row.kind: row.state for row in db.session.scalars(select(Job))}
    assert states["mail"] == JobState.DONE
    assert states["film"] == (JobState.DEAD if attempts == jobs.MAX_ATTEMPTS else JobState.QUEUED)
    assert db.session.get_one(Job, claimed.job_id).last_error


@pytest.mark.slow
def test_a_job_that_outlasts_its_lease_renews_it(
    app: Flask, kinds: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "LEASE", timedelta(seconds=3))  # renewed every second
    put("film")
    with working(app):
        assert kinds.begun.acquire(timeout=20)
        first = leased_until()
        wait_for(lambda: leased_until() > first)
        kinds.may_end.set()
    assert done() == ["film"]


def leased_until() -> datetime:
    until = db.session.scalars(select(Job.leased_until)).one()
    db.session.rollback()
    assert until is not None
    return until


def test_a_kind_that_is_gone_fails_like_any_other_job(app: Flask) -> None:
    with app.app_context():
        db.session.add(Job(kind="os.system", payload={"command": "echo"}))
        db.session.commit()
        assert jobs.run_all() == 1
        job = db.session.scalars(select(Job)).one()
        assert (job.state, job.last_error) == (JobState.QUEUED, "KeyError: 'os.system'")
        assert job.run_after > now()


@pytest.mark.parametrize("value", [uuid.uuid4(), now(), b"bytes", {1}, Path("x"), object()])
def test_a_payload_is_json_or_refused(app: Flask, kinds: SimpleNamespace, value: object) -> None:
    with pytest.raises(TypeError, match="not JSON serializable"):
        jobs.enqueue("mail", to=value)


class Command:
    """What ran as a command when it was unpickled."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> Any:
        return Path.touch, (self.marker,)


def test_the_queue_of_earlier_versions_is_removed_unread(app: Flask, tmp_path: Path) -> None:
    marker = tmp_path / "it ran"
    for name in ("queue.db", "queue.db-wal", "queue.db-shm"):
        (tmp_path / name).write_bytes(pickle.dumps(Command(marker)))
    (tmp_path / "lectern.db").touch()
    remove_old_queue(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["lectern.db"]
    remove_old_queue(tmp_path)


def test_a_tick_is_a_heartbeat_and_what_is_scheduled(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with app.app_context():
        tick = ticking("here:1")
        monkeypatch.setattr(clock, "now", lambda: datetime(2031, 1, 1, 12, 0, 58, tzinfo=UTC))
        tick()
        db.session.execute(db.delete(Job))
        db.session.commit()
        tick()  # within the same minute
        assert db.session.scalars(select(Job)).all() == []
        monkeypatch.setattr(clock, "now", lambda: datetime(2031, 1, 1, 12, 1, 3, tzinfo=UTC))
        monkeypatch.setattr(schedule, "SCHEDULE", [schedule.Every("clean_up", minutes=1)])
        tick()  # five seconds later, but in the next one
        assert db.session.scalars(select(Job.unique_key)).all() == ["clean_up:1:32083921"]
        assert db.session.scalars(select(WorkerBeat.name)).all() == ["here:1"]
        db.session.execute(db.delete(Job))
        db.session.commit()
        ticking("here:2")()
        assert db.session.scalars(select(Job)).all() != []

"""The schedule: what is due when, what a worker that was off makes up for, and that nothing is done twice."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask import Flask

import jobs
from domain.platform import retention
from jobs import runner, schedule
from jobs.schedule import Daily, Every, Monthly
from models import AuditEntry, Job, JobState, db
from tests.conftest import ON_POSTGRESQL

NIGHTLY = Daily("nightly", at="02:00")
MONTHLY = Monthly("monthly", day=1, at="04:00")


@pytest.fixture
def done(app: Flask, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, datetime]]:
    """A schedule of one nightly and one monthly job; what was done, and when."""
    found: list[tuple[str, datetime]] = []
    monkeypatch.setattr(schedule, "SCHEDULE", [NIGHTLY, MONTHLY])
    for kind in ("nightly", "monthly"):
        monkeypatch.setitem(jobs.KINDS, kind, jobs.Task(f"test.{kind}"))
    monkeypatch.setattr(
        runner, "_verb", lambda path: lambda: found.append((path.removeprefix("test."), datetime.now(UTC)))
    )
    return found


def work(moment: datetime) -> None:
    """What a worker does at a moment."""
    with time_machine.travel(moment, tick=False):
        jobs.plan_schedule(moment)
        db.session.commit()
        jobs.run_all()


def at(day: int, hour: int = 12, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        (at(10, 1, 59), at(10, 2)),
        (at(10, 2), at(11, 2)),
        (at(10, 23, 59), at(11, 2)),
        (at(31, 12, month=12), datetime(2027, 1, 1, 2, tzinfo=UTC)),
    ],
)
def test_a_daily_job_is_due_at_its_hour(moment: datetime, due: datetime) -> None:
    assert NIGHTLY.slot(moment) == (f"nightly:{due:%Y-%m-%dT%H:%M}", due)


@pytest.mark.parametrize(
    ("moment", "due"),
    [
        (at(1, 3, 59), at(1, 4)),
        (at(1, 4), at(1, 4, month=12)),
        (at(30), at(1, 4, month=12)),
        (at(31, month=1), at(1, 4, month=2)),
        (at(31, month=12), datetime(2027, 1, 1, 4, tzinfo=UTC)),
    ],
)
def test_a_monthly_job_is_due_on_its_day(moment: datetime, due: datetime) -> None:
    assert MONTHLY.slot(moment) == (f"monthly:{due:%Y-%m-%dT%H:%M}", due)
    assert Monthly("late", day=28, at="00:00").slot(at(28, 1, month=2))[1] == at(28, 0, month=3)


def test_a_new_shop_does_nothing_heavy_at_once(app: Flask, done: list[tuple[str, datetime]]) -> None:
    with app.app_context():
        work(at(10, 15))
        assert done == []
        work(at(11, 2))
        assert done == [("nightly", at(11, 2))]


def test_what_was_missed_is_made_up_for_once(app: Flask, done: list[tuple[str, datetime]]) -> None:
    with app.app_context():
        work(at(10, 1))
        for hour in (15, 16, 23):  # the worker was off at two
            work(at(10, hour))
        assert done == [("nightly", at(10, 15))]
        work(at(14, 9))  # and for some days
        work(at(14, 10))
        assert done[1:] == [("nightly", at(14, 9))]
        work(at(15, 2))
        assert done[2:] == [("nightly", at(15, 2))]


@pytest.mark.slow
def test_tidying_up_makes_nothing_run_again(app: Flask, done: list[tuple[str, datetime]]) -> None:
    with app.app_context():
        moment = at(20, 1, month=10)
        while moment < at(10, month=12):
            work(moment)
            with time_machine.travel(moment, tick=False):
                retention.clean_up()
                db.session.commit()
            moment += timedelta(hours=11)
    days = [when.date() for kind, when in done if kind == "nightly"]
    assert len(days) == len(set(days)) == 52
    assert [when.date() for kind, when in done if kind == "monthly"] == [at(1).date(), at(1, month=12).date()]


def test_two_workers_write_and_do_it_once(app: Flask, done: list[tuple[str, datetime]]) -> None:
    with app.app_context():
        for moment in (at(10, 1), at(10, 1, 1), at(10, 2)):
            for _ in range(2):
                work(moment)
        assert done == [("nightly", at(10, 2))]


def test_a_job_done_before_its_hour_is_not_done_again(app: Flask, done: list[tuple[str, datetime]]) -> None:
    with app.app_context():
        work(at(10, 15))
        with time_machine.travel(at(10, 15, 1), tick=False):
            jobs.hasten("nightly:2026-11-11T02:00")
            db.session.commit()
            jobs.run_all()
        work(at(11, 3))
        assert done == [("nightly", at(10, 15, 1))]


def test_a_done_job_is_done_once_more_when_it_is_hastened(
    app: Flask, done: list[tuple[str, datetime]]
) -> None:
    with app.app_context():
        jobs.enqueue("nightly", key="again")
        db.session.commit()
        for _ in range(2):
            jobs.run_all()
            jobs.hasten("again")
            jobs.hasten("again")
            db.session.commit()
        assert len(done) == 2
        job = db.session.scalars(db.select(Job).filter_by(unique_key="again")).one()
        assert (job.state, job.finished_at) == (JobState.QUEUED, None)
        job.state = JobState.RUNNING
        db.session.commit()
        jobs.hasten("again")
        assert job.state == JobState.RUNNING


def test_snapshots_are_for_sqlite_and_only_when_asked_for(app: Flask) -> None:
    with app.app_context():
        assert schedule.current() == schedule.SCHEDULE
        app.config["SETTINGS"] = replace(app.config["SETTINGS"], backup_snapshot_minutes=15)
        more = [] if ON_POSTGRESQL else [Every("snapshot_database", 15)]
        assert schedule.current() == schedule.SCHEDULE + more


def test_backups_are_on_the_schedule(app: Flask) -> None:
    assert Daily("make_backup", at="02:00") in schedule.SCHEDULE
    assert any(isinstance(entry, Monthly) and entry.kind == "prove_backup" for entry in schedule.SCHEDULE)
    assert all(entry.kind in jobs.KINDS for entry in schedule.SCHEDULE)
    with app.app_context():
        jobs.plan_schedule(datetime.now(UTC))
        waiting = db.session.scalars(db.select(Job).filter_by(kind="make_backup")).one()
        assert (waiting.run_after.hour, waiting.run_after > datetime.now(UTC)) == (2, True)
        assert db.session.scalar(db.select(db.func.count()).select_from(AuditEntry)) == 0

"""`flask worker`: runs the jobs, keeps the schedule, and writes a heartbeat."""

import os
import signal
import socket
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

import jobs
from domain.base import clock
from domain.platform import health
from jobs.worker import Worker
from models import Lane, db


@click.command("worker")
@click.option("--once", is_flag=True, help="Run the jobs that are due now, then stop.")
@with_appcontext
def worker(once: bool) -> None:
    """Run the jobs: mail, media, payments, the schedule. Ctrl-C ends it cleanly."""
    if once:
        jobs.plan_schedule(datetime.now(UTC))
        db.session.commit()
        click.echo(f"{jobs.run_all()} jobs done")
        return
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]
    settings = app.config["SETTINGS"]
    remove_old_queue(settings.data_dir)
    threads = {Lane.QUICK: settings.worker_threads, Lane.SLOW: settings.worker_slow_threads}
    running = Worker(app, threads, ticking(f"{socket.gethostname()}:{os.getpid()}"))

    def stop(number: int, _frame: object) -> None:
        running.stop()
        signal.signal(number, signal.SIG_DFL)  # the second one ends the process at once

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    running.run()


def ticking(name: str) -> Callable[[], None]:
    """Build what the worker `name` does every few seconds: its heartbeat, and once a minute the schedule.

    It plans as soon as a minute has begun, so that it skips none: the slots of the schedule are minutes.
    """
    planned: datetime | None = None

    def tick() -> None:
        nonlocal planned
        moment = clock.now()
        minute = moment.replace(second=0, microsecond=0)
        health.heartbeat(name)
        if minute != planned:
            jobs.plan_schedule(moment)
        db.session.commit()
        planned = minute

    return tick


def remove_old_queue(folder: Path) -> None:
    """Remove the queue file of earlier versions, unread: it holds pickles, and only ids of jobs."""
    for path in folder.glob("queue.db*"):
        path.unlink(missing_ok=True)

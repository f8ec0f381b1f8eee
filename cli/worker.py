"""`flask worker`: runs the jobs, keeps the schedule, and writes a heartbeat."""

import os
import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import click
from flask import Flask, current_app
from flask.cli import with_appcontext

import jobs
from domain.base.log import log
from domain.platform import health
from jobs import dispatch
from models import db

TICK_SECONDS = 5


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
    over = threading.Event()
    clock = threading.Thread(target=_keep_time, args=(app, over, dispatch.queue_of(app).carry), daemon=True)
    clock.start()
    try:
        dispatch.queue_of(app).consume(app.config["SETTINGS"].worker_threads)
    finally:
        over.set()
        clock.join(timeout=TICK_SECONDS)


def _keep_time(app: Flask, over: threading.Event, carry: Callable[[str], None]) -> None:
    """Every few seconds: write the heartbeat, enqueue what is scheduled, and publish jobs that were lost."""
    name = f"{socket.gethostname()}:{os.getpid()}"
    while True:
        try:
            with app.app_context():
                health.heartbeat(name)
                jobs.plan_schedule(datetime.now(UTC))
                db.session.commit()
                for job_id in jobs.due():
                    carry(str(job_id))
        except Exception:  # noqa: BLE001 - this thread must survive a database that is down for a while
            log.warning("the worker's clock missed a beat", exc_info=True)
        if over.wait(TICK_SECONDS):
            return

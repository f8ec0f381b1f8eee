"""Benchmark of the job queue: workers that are killed, jobs done once, the delay before a job begins.

Usage: python -m bench.queue [--jobs 10000] [--workers 4] [--engines sqlite,postgresql]

Enqueues the jobs, starts the workers, and kills two of them with SIGKILL at a quarter and a half. Each job
leaves a row in the transaction of its "done"; no key keeps it from leaving two. Then jobs are enqueued one by
one while a single worker idles. Exits with 1 if a job was done never or twice, or if P99 misses a second.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import flask_migrate
import psycopg
from sqlalchemy import URL, event, make_url, text, update
from sqlalchemy.engine import Engine

import config
import jobs
from app import create_app
from cli.worker import ticking
from jobs import runner
from jobs.registry import Task
from jobs.worker import Worker
from models import Job, Lane, db, now

NAME = "lectern_bench_queue"
ROOT = Path(__file__).resolve().parent.parent
LATER = datetime(2100, 1, 1, tzinfo=UTC)
SINGLE, IDLE_SECONDS = 300, 10
LEFT = text("SELECT count(*) FROM jobs WHERE kind = 'leave_a_row' AND state <> 'done'")
RUNNING = text("SELECT count(*) FROM jobs WHERE kind = 'leave_a_row' AND state = 'running'")
ROWS = text("SELECT count(*), count(DISTINCT number), min(at), max(at) FROM bench_effects WHERE number >= 0")
AGAIN = text("SELECT count(*) FROM jobs WHERE kind = 'leave_a_row' AND attempts > 1")
DELAYS = text("SELECT at - put FROM bench_effects WHERE number < 0 ORDER BY 1")


def main() -> int:
    """Run the benchmark for each database; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.queue", description=__doc__)
    parser.add_argument("--jobs", type=int, default=10_000)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--engines", default="sqlite,postgresql")
    parser.add_argument("--postgresql", default="postgresql://postgres@127.0.0.1:5432/postgres")
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.worker:
        work()
        return 0
    well = True
    for engine in given.engines.split(","):
        with (
            tempfile.TemporaryDirectory(prefix="lectern-queue-") as folder,
            database(engine, Path(folder), given.postgresql) as url,
        ):
            well &= measure(engine, Path(folder), url, given.jobs, given.workers)
    return 0 if well else 1


@contextmanager
def database(engine: str, folder: Path, server: str) -> Iterator[str]:
    """Give an empty database, which is dropped afterwards."""
    if engine == "sqlite":
        yield URL.create("sqlite", database=str(folder / "lectern.db")).render_as_string()
        return
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {NAME}")
        yield make_url(server).set(database=NAME).render_as_string(hide_password=False)
        connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def work() -> None:
    """Be a worker until SIGTERM; then print the statements and the processor time that it took."""
    app, statements = create_app(), [0]
    learn_the_job()

    def count(*_: object) -> None:
        statements[0] += 1

    threads = {Lane.QUICK: app.config["SETTINGS"].worker_threads, Lane.SLOW: 2}
    running = Worker(app, threads, ticking(f"bench:{os.getpid()}"))
    signal.signal(signal.SIGTERM, lambda *_: running.stop())
    event.listen(Engine, "before_cursor_execute", count)
    print("ready", flush=True)
    began, spent = time.monotonic(), time.process_time()
    running.run()
    took = time.monotonic() - began
    share = (time.process_time() - spent) / took
    print(f"{statements[0] / took:.1f} statements a second, {share:.1%} of a processor")


def learn_the_job() -> None:
    """Register a kind of job whose verb is here."""
    jobs.KINDS["leave_a_row"] = Task("leave_a_row")
    real = runner._verb
    runner._verb = lambda path: leave_a_row if path == "leave_a_row" else real(path)


def leave_a_row(number: int, put: float) -> None:
    """Leave a row with the times, in seconds, at which the job was enqueued and began."""
    row = {"number": number, "put": put, "at": time.time()}
    db.session.execute(text("INSERT INTO bench_effects VALUES (:number, :put, :at)"), row)


def measure(engine: str, folder: Path, url: str, count: int, workers: int) -> bool:
    """Measure one database; True if every job was done once and in time."""
    environ = {"LECTERN_DATA_DIR": str(folder), "DATABASE_URL": url, "LECTERN_SECRET_KEY": "bench" * 9}
    app = create_app(config.load(environ))
    learn_the_job()
    with app.app_context():
        flask_migrate.upgrade()
        with db.engine.begin() as connection:
            connection.execute(text("CREATE TABLE bench_effects (number int, put float, at float)"))
        for number in range(count):
            jobs.enqueue("leave_a_row", run_after=LATER, number=number, put=time.time())
            if number % 500 == 499:
                db.session.commit()
        db.session.commit()
        once = kill_two(engine, environ, count, workers)
        return one_by_one(engine, environ) and once


def kill_two(engine: str, environ: dict[str, str], count: int, workers: int) -> bool:
    """Let workers do the jobs and kill two of them; True if every job was done once."""
    running = [start(environ) for _ in range(workers)]
    jobs_are_due()
    marks = [count * 3 // 4, count // 2]
    open_end = 0.0
    while left := ask(LEFT):
        if marks and left <= marks[0]:
            marks.pop(0)
            running.pop().kill()
        if not open_end and left == ask(RUNNING):
            open_end = time.time()  # what is left was running in a worker that was killed
        time.sleep(0.2)
    with db.engine.connect().execution_options(reads_only=True) as connection:
        rows, numbers, first, last = connection.execute(ROWS).one()
    again = ask(AGAIN)
    for worker in running:
        stop(worker)
    print(f"{engine}: {rows:,} rows of {numbers:,} jobs out of {count:,}; {again} begun more than once;")
    rate = (count - again) / ((open_end or last) - first)
    print(f"  {rate:.0f} jobs a second; the last after {last - first:.0f} s", flush=True)
    return rows == numbers == count


def one_by_one(engine: str, environ: dict[str, str]) -> bool:
    """Enqueue jobs one by one for an idle worker, then leave it idle; True if P99 is within a second."""
    worker = start(environ)
    time.sleep(3)
    for number in range(1, SINGLE + 1):
        jobs.enqueue("leave_a_row", number=-number, put=time.time())
        db.session.commit()
        time.sleep(0.037)  # not a multiple of the poll
    time.sleep(2)
    with db.engine.connect().execution_options(reads_only=True) as connection:
        found = list(connection.scalars(DELAYS))
    busy = stop(worker)
    p50, p99 = found[len(found) // 2], found[len(found) * 99 // 100]
    ms = [round(seconds * 1000) for seconds in (p50, p99, found[-1])]
    print(f"  begun after {ms[0]} ms (p50), {ms[1]} ms (p99), {ms[2]} ms at most")
    worker = start(environ)
    time.sleep(IDLE_SECONDS)
    print(f"  busy: {busy}; idle: {stop(worker)}", flush=True)
    return len(found) == SINGLE and p99 < 1


def jobs_are_due() -> None:
    """Let all jobs become due at this moment."""
    db.session.execute(update(Job).where(Job.kind == "leave_a_row").values(run_after=now()))
    db.session.commit()


def ask(query: object) -> int:
    """Ask for a number, without keeping anybody waiting."""
    with db.engine.connect().execution_options(reads_only=True) as connection:
        return int(connection.scalar(query) or 0)  # type: ignore[call-overload]


def start(environ: dict[str, str]) -> "subprocess.Popen[str]":
    """Start a worker process, and wait until it looks for jobs."""
    kept = {name: value for name, value in os.environ.items() if name not in config.variables()}
    worker = subprocess.Popen(
        [sys.executable, "-m", "bench.queue", "--worker"],
        cwd=ROOT, env=kept | environ, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    if worker.stdout:
        worker.stdout.readline()
    return worker


def stop(worker: "subprocess.Popen[str]") -> str:
    """Stop a worker; returns what it says."""
    worker.terminate()
    return worker.communicate(timeout=30)[0].strip()


if __name__ == "__main__":
    sys.exit(main())

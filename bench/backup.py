"""Benchmark of backups of a running shop: latency of its writers, and a restore compared row by row.

  LECTERN_DATA_DIR=/somewhere/empty python -m bench.backup --gb 5

DATABASE_URL may name an empty PostgreSQL database. Afterwards remove the data folder and the replaced
database, which the restore leaves beside the new one.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import flask_migrate
from sqlalchemy import URL, create_engine, text

from app import create_app
from bench.bulk import Writer, without_indexes
from domain import backup
from models import Event, db

COLUMNS = ("id", "name", "created_at", "visitor", "properties", "ip", "user_agent", "referrer")
EVERY_SECONDS = 1 / 200
BATCH = 50_000
# Filled rows have ids counted from 0, rows written during the benchmark have random ones.
BEYOND = "00000001-0000-0000-0000-000000000000"
WRITE = text(
    "INSERT INTO events (id, name, created_at, visitor, properties, ip, user_agent, referrer)"
    " VALUES (:id, 'written', :at, :number, '{}', '', '', '')"
)


def main() -> None:
    """Fill, measure, restore and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gb", type=float, default=5)
    parser.add_argument("--writer", metavar="FILE", help=argparse.SUPPRESS)
    given = parser.parse_args()
    app = create_app()
    with app.app_context():
        if given.writer:
            write_until(Path(given.writer))
            return
        flask_migrate.upgrade()
        fill(given.gb)
        say("size", f"{size() / 1e9:.2f} GB")
        say("writes without a backup", waits(lambda: time.sleep(45)))
        say("writes during a backup", waits(create))
        say("writes without a backup", waits(lambda: time.sleep(45)))
        restore_and_compare()


def say(what: str, result: object) -> None:
    """Print a result."""
    print(f"{what:28} {result}", flush=True)


def fill(gigabytes: float) -> None:
    """Insert page views until the database has this size.

    A row and its index entries take about 600 bytes.
    """
    words = [random.randbytes(100).hex() for _ in range(1000)]
    writer, moment = Writer(), datetime.now(UTC)

    def rows(start: int) -> Iterator[tuple[Any, ...]]:
        for number in range(start, start + BATCH):
            word = random.choice(words)
            key = uuid.UUID(int=number).hex if writer.is_sqlite else uuid.UUID(int=number)
            at = str(moment.replace(tzinfo=None)) if writer.is_sqlite else moment
            yield (key, "view", at, word[:32], json.dumps({"q": word}), "192.0.2.0", word[:120], word[:100])

    number = 0
    with without_indexes(Event):
        while size() < gigabytes * 0.85e9:  # the indexes are created afterwards
            writer.write(Event, COLUMNS, rows(number))
            number += BATCH
    writer.close()
    db.engine.dispose()


def size() -> int:
    """Return the size of the database in bytes."""
    if db.engine.dialect.name == "sqlite":
        return Path(db.engine.url.database or "").stat().st_size
    with db.engine.connect() as connection:
        return int(connection.scalar(text("SELECT pg_database_size(current_database())")) or 0)


def waits(during: Any) -> str:
    """Measure the latency of another process that writes 200 times a second during `during`."""
    stop = Path(os.environ["LECTERN_DATA_DIR"]) / "stop"
    stop.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bench.backup", "--writer", str(stop)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        time.sleep(5)
        during()
        time.sleep(3)
        stop.touch()
        return (writer.communicate()[0] or "").strip().splitlines()[-1]


def write_until(stop: Path) -> None:
    """Write and commit 200 rows a second until the file `stop` exists; print the latency of each."""
    took: list[float] = []
    with db.engine.connect() as connection:
        start = time.perf_counter()
        while not stop.exists():
            time.sleep(max(0.0, start + len(took) * EVERY_SECONDS - time.perf_counter()))
            before = time.perf_counter()
            values = {"id": uuid.uuid4().hex, "at": datetime.now(UTC), "number": f"{time.time_ns():032}"}
            connection.execute(WRITE, values)
            connection.commit()
            took.append(time.perf_counter() - before)
    rate = len(took) / (time.perf_counter() - start)
    took.sort()
    p50, p99, p999 = (took[int(len(took) * share)] * 1000 for share in (0.5, 0.99, 0.999))
    print(f"{rate:.0f}/s, p50 {p50:.1f}, p99 {p99:.1f}, p99.9 {p999:.1f}, longest {took[-1] * 1000:.0f} ms")


def create() -> None:
    """Make a backup by the command line; print its time and peak memory."""
    start = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "flask", "--app", "app", "backup", "create"])
    peak = 0
    while process.poll() is None:
        facts = Path(f"/proc/{process.pid}/status").read_text()
        found = [int(line.split()[1]) for line in facts.splitlines() if line.startswith("VmHWM")]
        peak = max([peak, *found])
        time.sleep(0.05)
    took = time.perf_counter() - start
    say("create", f"{took:.0f} s, {peak / 1024:.0f} MB at most, ended with {process.returncode}")


def restore_and_compare() -> None:
    """Restore the backup and compare every row with the database that it replaced."""
    made = backup.listing()[0]
    say("dump", f"{made.database_bytes / 1e9:.2f} GB, read and packed in {made.seconds:.0f} s")
    start = time.perf_counter()
    done = backup.restore(made.name, force=True)
    say("restore", f"{time.perf_counter() - start:.0f} s")
    beside = done.left_beside[-1].removeprefix("the database ")
    old = (
        URL.create("sqlite", database=beside)
        if made.database == "sqlite"
        else db.engine.url.set(database=beside)
    )
    say("rows compared", compare(old, db.engine.url))


def compare(old: URL, new: URL) -> str:
    """Compare every row; the rows written during the backup must be there up to one moment and no further."""
    pairs, written = 0, []
    query = f"SELECT * FROM events WHERE id < '{BEYOND}' ORDER BY id"
    with create_engine(old).connect() as before, create_engine(new).connect() as after:
        streams = [one.execution_options(yield_per=10_000).execute(text(query)) for one in (before, after)]
        for left, right in zip(*streams, strict=True):
            pairs += 1
            if left != right:
                raise SystemExit(f"row {left[0]} differs")
        for one in (before, after):
            numbers = one.scalars(text("SELECT visitor FROM events WHERE name = 'written' ORDER BY visitor"))
            written.append(list(numbers))
    if written[1] != written[0][: len(written[1])]:
        raise SystemExit("the rows written meanwhile are not those up to one moment")
    return f"{pairs:,} are the same; {len(written[1]):,} of {len(written[0]):,} written ones up to one moment"


if __name__ == "__main__":
    main()

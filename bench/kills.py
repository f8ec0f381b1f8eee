"""Kills a process of the shop each minute under mixed traffic, and checks every effect afterwards.

Usage: python -m bench.kills [--minutes 10] [--clients 6] [--programs /usr/lib/postgresql/15/bin]

Two web processes and two workers on a PostgreSQL cluster of its own, behind nginx with the configuration of
docs/operating.md. Learners read, watch, wish, complete lessons and start a free course, each of them once.
Each minute a web process or a worker is killed (SIGKILL) and comes back as a supervisor would bring it back.

Exits with 1 when a request failed that wasn't under way at a kill, when what was answered isn't in the
database or is there twice, when a welcome is missing or was sent twice, or when the books don't agree.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from bench import front
from bench.kills_traffic import Learner, Mailbox, learners
from bench.servers import HOST, Cluster, free_port, wait_for

ROOT = Path(__file__).resolve().parent.parent
SECRET = "bench-bench-bench-bench-bench-bench-0123456789"  # noqa: S105 - of a shop that lives ten minutes
AROUND = 3.0  # seconds in which a kill may fail what is under way
LINES = 30  # of what is wrong
SETTLE = 180  # seconds for the workers to do what is left: leases of killed ones expire after a minute


@dataclass
class Record:
    """The answers by status, the failures with their times, and the times at which a process was killed."""

    answers: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[float, float, str]] = field(default_factory=list)
    kills: list[float] = field(default_factory=list)

    def unexplained(self) -> list[str]:
        """List the failures that no kill explains: none within AROUND seconds while they were under way."""
        return [
            what
            for began, ended, what in self.failed
            if not any(began - AROUND <= kill <= ended for kill in self.kills)
        ]


class Shop:
    """The processes of a shop on the database of `url`: granian with two workers, and two job workers."""

    def __init__(self, folder: Path, url: str, port: int, smtp: int) -> None:
        self.folder, self.port, self.next = folder, port, 0
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LECTERN_", "STRIPE_", "S3_"))}
        self.environ = kept | {
            "DATABASE_URL": url, "LECTERN_DATA_DIR": str(folder / "data"), "LECTERN_SECRET_KEY": SECRET,
            "LECTERN_BASE_URL": "https://courses.example.com", "LECTERN_TRUSTED_PROXIES": "1",
            "SMTP_HOST": HOST, "SMTP_PORT": str(smtp), "SMTP_SECURITY": "none", "PYTHONUNBUFFERED": "1",
        }  # fmt: skip
        self.log = (folder / "shop.log").open("wb")

    def __enter__(self) -> "Shop":
        (self.folder / "data").mkdir()
        self.flask("db", "upgrade")
        self.flask("demo", "--no-films")
        self.flask("stats", "rebuild")
        self.web = self._start(
            sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--host", HOST, "--port",
            str(self.port), "--workers", "2", "--blocking-threads", "4", "--respawn-failed-workers",
            "app:serve",
        )  # fmt: skip
        self.workers = [self._worker(), self._worker()]
        wait_for(self.port)
        return self

    def __exit__(self, *_: object) -> None:
        for part in (self.web, *self.workers):
            part.terminate()
        for part in (self.web, *self.workers):
            try:
                part.wait(20)
            except subprocess.TimeoutExpired:
                part.kill()
        self.log.close()

    def flask(self, *words: str) -> str:
        """Run a command of `flask`; returns what it prints."""
        command = [sys.executable, "-m", "flask", "--app", "app", *words]
        done = subprocess.run(command, env=self.environ, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"flask {' '.join(words)} failed:\n{done.stdout}{done.stderr}")
        return done.stdout

    def kill_one(self) -> str:
        """Kill a web process or a worker, in turn; a worker is started anew, granian does so itself."""
        self.next += 1
        if self.next % 2:
            found = Path(f"/proc/{self.web.pid}/task/{self.web.pid}/children").read_text().split()
            serving = [pid for pid in found if b"granian" in Path(f"/proc/{pid}/cmdline").read_bytes()]
            pid = int(serving[self.next // 2 % len(serving)])
            os.kill(pid, signal.SIGKILL)
            return f"web process {pid}"
        at = self.next // 2 % 2
        killed = self.workers[at]
        killed.kill()
        killed.wait()
        self.workers[at] = self._worker()
        return f"worker {killed.pid}"

    def _worker(self) -> "subprocess.Popen[bytes]":
        return self._start(sys.executable, "-m", "flask", "--app", "app", "worker")

    def _start(self, *command: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen(command, env=self.environ, cwd=ROOT, stdout=self.log, stderr=self.log)


def drive(shop: Shop, people: list[Learner], clients: int, minutes: float, record: Record) -> None:
    """Let the learners work for `minutes`, `clients` at a time, and kill a process each minute."""
    until = time.monotonic() + minutes * 60
    waiting, lock = iter(people), threading.Lock()

    def work() -> None:
        while time.monotonic() < until:
            with lock:
                learner = next(waiting, None)
            if learner is None:
                return
            learner.live(record, until)

    threads = [threading.Thread(target=work, daemon=True) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for minute in range(1, int(minutes) + 1):
        time.sleep(max(0.0, until - 60 * (minutes - minute) - 20 - time.monotonic()))
        record.kills.append(time.monotonic())
        print(
            f"minute {minute}: {shop.kill_one()} killed; {sum(record.answers.values())} answers", flush=True
        )
    for thread in threads:
        thread.join(minutes * 60 + 60)


def differences(url: str, people: list[Learner], mailbox: Mailbox) -> list[str]:
    """Compare what the learners were told with the database and the mails that arrived."""
    found = []
    with psycopg.connect(url) as database:

        def count(query: str, *values: object) -> int:
            row = database.execute(query, values).fetchone()
            return int(row[0]) if row else 0

        for one in people:
            for query, told in (
                ("SELECT count(*) FROM enrollments e JOIN products p ON p.id = e.course_id"
                 " WHERE e.user_id = %s AND p.slug = %s", one.started),
                ("SELECT count(*) FROM access_grants g JOIN products p ON p.id = g.course_id"
                 " WHERE g.user_id = %s AND p.slug = %s", one.started),
                ("SELECT count(*) FROM wishlist_items w JOIN products p ON p.id = w.product_id"
                 " WHERE w.user_id = %s AND p.slug = %s", one.wished),
            ):  # fmt: skip
                seen = count(query, one.id, one.wishes if "wishlist" in query else one.course)
                if told is not None and seen != int(told):
                    found.append(f"{one.email}: told {told}, the database has {seen}: {query}")
            if one.done is not None:
                seen = count(
                    "SELECT count(*) FROM lesson_progress r JOIN lessons l ON l.id = r.lesson_id"
                    " WHERE r.user_id = %s AND l.slug = %s AND r.completed_at IS NOT NULL",
                    one.id, one.lesson,
                )  # fmt: skip
                if seen != int(one.done):
                    found.append(f"{one.email}: told lesson done {one.done}, the database has {seen}")
            mails = count("SELECT count(*) FROM email_messages WHERE recipient = %s", one.email)
            enrolled = count("SELECT count(*) FROM enrollments WHERE user_id = %s", one.id)
            if mails != enrolled or mailbox.arrived[one.email] != mails:
                arrived = mailbox.arrived[one.email]
                found.append(f"{one.email}: {enrolled} enrolments, {mails} mails written, {arrived} arrived")
        late = count("SELECT count(*) FROM jobs WHERE state IN ('dead', 'failed')")
        if late:
            found.append(f"{late} jobs died")
    return found


def main() -> int:
    """Run it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=6)
    parser.add_argument("--programs", type=Path, default=Path("/usr/lib/postgresql/15/bin"))
    asked = parser.parse_args()
    record = Record()
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="lectern-kills-")))
        folder.chmod(0o755)
        cluster = running.enter_context(Cluster(folder / "postgresql", asked.programs))
        mailbox = running.enter_context(Mailbox(HOST))
        shop = running.enter_context(Shop(folder, cluster.url, free_port(), mailbox.port))
        tls = free_port()
        command = front.nginx(folder, *front.certificate(folder), free_port(), tls, shop.port)
        nginx = subprocess.Popen(command, stdout=shop.log, stderr=shop.log)
        running.callback(nginx.wait, 10)
        running.callback(nginx.terminate)
        wait_for(tls)
        people = learners(shop.environ, f"https://{HOST}:{tls}", int(asked.minutes * asked.clients * 40))
        began = time.monotonic()
        drive(shop, people, asked.clients, asked.minutes, record)
        print(f"{time.monotonic() - began:.0f} s: {dict(record.answers)}", flush=True)
        met = [learner for learner in people if learner.began]
        until = time.monotonic() + SETTLE
        while (wrong := differences(cluster.url, met, mailbox)) and time.monotonic() < until:
            time.sleep(5)
        books = shop.flask("ledger", "check").splitlines()[-1]
        totals = shop.flask("stats", "rebuild")
        wrong += [line for line in totals.splitlines() if "corrected" in line and ": 0 " not in line]
    unexplained = record.unexplained()
    print(f"{len(record.failed)} requests failed at {len(record.kills)} kills; {len(met)} learners")
    print(books)
    for line in [*unexplained, *wrong][:LINES]:
        print(line)
    well = not unexplained and not wrong and bool(met)
    print("no other error, nothing lost, nothing doubled" if well else "NOT WELL")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())

"""Restarts PostgreSQL under load and counts the responses of visitors.

Usage: python -m bench.restart [--clients 8] [--pooler] [--programs /usr/lib/postgresql/15/bin]

Creates a cluster of its own in a temporary folder, fills it with the demo, runs two web workers and a worker
on it, and lets learners read pages and change their wishlist while the server is restarted: fast, as an
operator does; immediate, as a crash does; and stopped for some seconds. With --pooler through PgBouncer.

Exits with 1 when nobody got a page, or when anybody got anything but a page or 503, waited longer than the
pool's timeout allows, or was still refused RECOVERY seconds after the server was back.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import requests

from bench.servers import HOST, Cluster, PgBouncer, free_port, wait_for

ROOT = Path(__file__).resolve().parent.parent
POOL_TIMEOUT = 3
# Seconds: the pool's timeout, plus a margin for the shared processor.
LONGEST = POOL_TIMEOUT + 4.0
CALM, RECOVERY, AWAY = 3.0, 2.0, 4.0
PAGES = ("/learn", "/orders", "/notifications", "/courses", "/no/such/page")
FINE = {200, 303, 404}
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
COURSE = re.compile(r'href="/courses/([a-z0-9-]+)"')


@dataclass
class Answers:
    """The responses during one restart: counts by status, the slowest, and the time of the last refusal."""

    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    last_refused: float = 0.0

    def add(self, status: int, seconds: float) -> None:
        """Count a response; status 0 means none at all."""
        self.statuses[status] += 1
        self.slowest = max(self.slowest, seconds)
        if status not in FINE:
            self.last_refused = time.monotonic()


class Load:
    """Learners who send requests until stopped."""

    def __init__(self, port: int, clients: int) -> None:
        self.base, self.answers, self.over = f"http://{HOST}:{port}", Answers(), threading.Event()
        visits = [self._signed_in() for _ in range(clients)]
        self.threads = [threading.Thread(target=self._visit, args=visit, daemon=True) for visit in visits]

    def __enter__(self) -> "Load":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.over.set()
        for thread in self.threads:
            thread.join(30)

    def _signed_in(self) -> tuple[requests.Session, str, dict[str, str]]:
        """Sign in the demo's learner; returns the session, and address and form of a wishlist button."""
        browser = requests.Session()
        token = _found(TOKEN, browser.get(f"{self.base}/login").text)
        form = {"email": "learner@example.com", "password": "lectern-demo", "csrf_token": token}
        browser.post(f"{self.base}/login", data=form, allow_redirects=False).raise_for_status()
        course = f"/courses/{_found(COURSE, browser.get(f'{self.base}/courses').text)}"
        token = _found(TOKEN, browser.get(self.base + course).text)
        return browser, f"{course}/wish", {"csrf_token": token, "wished": "yes"}

    def _visit(self, browser: requests.Session, button: str, wish: dict[str, str]) -> None:
        while not self.over.is_set():
            for path in PAGES:
                self._ask(browser, "GET", path)
            self._ask(browser, "POST", button, wish)

    def _ask(
        self, browser: requests.Session, method: str, path: str, form: dict[str, str] | None = None
    ) -> None:
        began, status = time.monotonic(), 0
        try:
            answer = browser.request(method, self.base + path, data=form, allow_redirects=False, timeout=30)
            status = answer.status_code
        except requests.RequestException as error:
            print(f"  no answer: {error!r}", flush=True)
        self.answers.add(status, time.monotonic() - began)


def _found(pattern: re.Pattern[str], page: str) -> str:
    match = pattern.search(page)
    if match is None:
        raise LookupError(f"{pattern.pattern} isn't on the page")
    return match[1]


@contextmanager
def shop(folder: Path, url: str, port: int) -> Iterator[list["subprocess.Popen[bytes]"]]:
    """Run two web workers and a job worker on the database of `url`."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("LECTERN_", "STRIPE_", "S3_"))} | {
        "DATABASE_URL": url,
        "DATABASE_POOL_SIZE": "4",
        "DATABASE_POOL_OVERFLOW": "4",
        "DATABASE_POOL_TIMEOUT": str(POOL_TIMEOUT),
        "LECTERN_DATA_DIR": str(folder / "data"),
        "LECTERN_SECRET_KEY": "bench-bench-bench-bench-bench-bench-0123456789",
        "PYTHONUNBUFFERED": "1",
    }
    (folder / "data").mkdir()
    flask = [sys.executable, "-m", "flask", "--app", "app"]
    for words in (["db", "upgrade"], ["demo", "--no-films"]):
        subprocess.run([*flask, *words], env=environ, cwd=ROOT, check=True, capture_output=True)
    web = [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--host", HOST,
        "--port", str(port), "--workers", "2", "--blocking-threads", "4", "app:serve",
    ]  # fmt: skip
    with (folder / "shop.log").open("wb") as log:
        parts = [
            subprocess.Popen(command, env=environ, cwd=ROOT, stdout=log, stderr=log)
            for command in (web, [*flask, "worker"])
        ]
        try:
            wait_for(port)
            yield parts
        finally:
            for part in parts:
                part.terminate()
            for part in parts:
                _wait(part)


def _wait(part: "subprocess.Popen[bytes]") -> None:
    """Wait until `part` has ended, and kill it when that takes too long."""
    try:
        part.wait(20)
    except subprocess.TimeoutExpired:
        part.kill()
        part.wait()


def measure(name: str, disturb: Callable[[], None], load: Load) -> bool:
    """Let the load run, `disturb` it, let it go on, print the result. True when all limits were kept."""
    time.sleep(CALM)
    load.answers = Answers()
    began = time.monotonic()
    disturb()
    back = time.monotonic()
    time.sleep(CALM + RECOVERY)
    seen = load.answers
    recovered = max(0.0, seen.last_refused - back)
    counts = ", ".join(f"{count} × {status or 'none'}" for status, count in sorted(seen.statuses.items()))
    print(
        f"{name:10} away {back - began:.1f} s; {counts}; slowest {seen.slowest:.2f} s;"
        f" last 503 {recovered:.2f} s after it was back",
        flush=True,
    )
    told = set(seen.statuses)
    return 200 in told and told <= FINE | {503} and seen.slowest <= LONGEST and recovered <= RECOVERY


def main() -> int:
    """Run every kind of restart; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m bench.restart", description=__doc__)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--pooler", action="store_true", help="put PgBouncer between")
    parser.add_argument("--programs", type=Path, default=Path("/usr/lib/postgresql/15/bin"))
    asked = parser.parse_args()
    with ExitStack() as running:
        folder = Path(running.enter_context(tempfile.TemporaryDirectory(prefix="lectern-restart-")))
        folder.chmod(0o755)
        cluster = running.enter_context(Cluster(folder / "postgresql", asked.programs))
        url = cluster.url
        if asked.pooler:
            url = running.enter_context(PgBouncer(folder / "pgbouncer", url, 20)).url
        port = free_port()
        parts = running.enter_context(shop(folder, url, port))
        load = running.enter_context(Load(port, asked.clients))

        def be_away() -> None:
            cluster.stop()
            time.sleep(AWAY)
            cluster.start()

        well = [
            measure("fast", lambda: cluster.restart("fast"), load),
            measure("immediate", lambda: cluster.restart("immediate"), load),
            measure("away", be_away, load),
        ]
        alive = [part.poll() is None for part in parts]
        with psycopg.connect(cluster.url) as connection:
            last = "SELECT extract(epoch FROM now() - max(at)) FROM worker_beats"
            (ago,) = connection.execute(last).fetchone() or (None,)
        print(f"web and worker alive: {alive}; the worker's last sign of life {ago:.1f} s ago")
    return 0 if all(well) and all(alive) else 1


if __name__ == "__main__":
    sys.exit(main())

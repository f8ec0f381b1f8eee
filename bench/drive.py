"""Starting of servers and driving them with wrk, all on this machine."""

import json
import os
import random
import shutil
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from urllib.parse import urlencode

from bench.stores import ROOT, Store
from bench.tour import Tour

HOST = "127.0.0.1"
START_SECONDS = 180
BEATS = 4000
LATEST = 480  # seconds: heartbeats stay before the end of the film, which would complete the lesson only once
SCRIPT = Path(__file__).parent / "rotate.lua"
# The server is pinned to one core, wrk to another.
SERVER_CORE, CLIENT_CORE = ("0", "1") if (os.cpu_count() or 1) > 1 and shutil.which("taskset") else ("", "")


@dataclass(frozen=True)
class Load:
    """A load: the server's threads and the client's connections; `seconds` is the length of a measurement."""

    threads: int
    connections: int
    seconds: float


@dataclass(frozen=True)
class Measured:
    """A measurement: requests a second, and the 99th percentile of latency in milliseconds."""

    rate: float
    p99: float


class Server:
    """A granian server with one worker, over one store.

    `kind`: lectern, bare, or harder, which is bare with two of Lectern's optimisations.
    """

    def __init__(self, store: Store, kind: str, port: int, load: Load) -> None:
        self.store, self.kind, self.port, self.load = store, kind, port, load

    def __enter__(self) -> "Server":
        target = "app:serve" if self.kind == "lectern" else "bench.bare:create_bare"
        command = [
            *_on(SERVER_CORE), sys.executable, "-m", "granian", *flags(self.load), "--host", HOST, "--port",
            str(self.port), target,
        ]  # fmt: skip
        environ = self.store.environ() | {"BENCH_TOUR": str(self.store.folder / "tour.json")}
        if self.kind == "harder":
            environ["BENCH_HARDER"] = "1"
        self.log = (self.store.folder / f"{self.kind}.log").open("w")
        self.process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=self.log, stderr=self.log)
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _at: TracebackType | None) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()

    def wait(self) -> None:
        """Wait until it answers; SystemExit when it ended or takes too long."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                with urllib.request.urlopen(f"http://{HOST}:{self.port}/", timeout=60) as answer:
                    answer.read()
                return
            except OSError:
                time.sleep(0.3)
        raise SystemExit(f"A server did not start; see {self.log.name}")

    def memory(self) -> int:
        """Return the resident bytes of the serving process: granian's first child."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        pages = Path(f"/proc/{children[0]}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def measure(self, requests: Path) -> Measured:
        """Drive it with the lines of `requests` in turn. SystemExit when any answer isn't a success."""
        seconds = max(1, round(self.load.seconds))  # wrk accepts whole seconds only
        command = [
            *_on(CLIENT_CORE), "wrk", "-t1", f"-c{self.load.connections}", f"-d{seconds}s",
            "--timeout", "20s", "-s", str(SCRIPT), f"http://{HOST}:{self.port}", "--", str(requests),
        ]  # fmt: skip
        out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout
        found = json.loads(next(line for line in out.splitlines() if line.startswith("{")))
        if found["failed"]:
            raise SystemExit(f"{found['failed']} requests of {requests} failed on port {self.port}.")
        return Measured(found["requests"] / found["seconds"], found["p99"])


def flags(load: Load) -> list[str]:
    """List granian's flags, the same for both servers compared."""
    return [
        "--interface", "wsgi", "--factory", "--workers", "1", "--blocking-threads", str(load.threads),
        "--no-ws", "--log-level", "warning",
    ]  # fmt: skip


def write_requests(
    tour: Tour, scenario: str, signed_in: bool, is_bare: bool, folder: Path, most: int | None = None
) -> Path:
    """Write the request file for wrk, in a reproducible random order; at most `most` of them."""
    kind = "bare" if is_bare else "lectern" if most is None else "few"
    path = folder / f"{scenario}-{'in' if signed_in else 'out'}-{kind}.tsv"
    path.write_text("\n".join(lines_of(tour, scenario, signed_in, is_bare)[:most]) + "\n")
    return path


def lines_of(tour: Tour, scenario: str, signed_in: bool, is_bare: bool) -> list[str]:
    """List requests in the format of rotate.lua; the bare application knows only its sample of addresses."""
    if scenario == "heartbeat":
        lines = _beats(tour)
    else:
        known = (tour.own_pages if signed_in else tour.pages)[scenario]
        paths = tour.sample(scenario, signed_in) if is_bare else known
        lines = [f"GET\t{path}\t{tour.cookie if signed_in else ''}\t" for path in paths]
    random.Random(scenario).shuffle(lines)
    return lines


def _beats(tour: Tour) -> list[str]:
    """List heartbeats as the player sends them: ten seconds were played somewhere in the film."""
    dice, lines = random.Random("beats"), []
    for number in range(BEATS):
        sender = tour.senders[number % len(tour.senders)]
        start = dice.uniform(0, LATEST)
        fields = {
            "csrf_token": sender.csrf, "position": f"{start + 10:.2f}", "state": "playing",
            "start": f"{start:.2f}", "end": f"{start + 10:.2f}",
        }  # fmt: skip
        lines.append(f"POST\t{sender.path}\t{sender.cookie}\t{urlencode(fields)}")
    return lines


def _on(core: str) -> list[str]:
    return ["taskset", "-c", core] if core else []

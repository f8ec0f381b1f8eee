"""Measurements inside the process: queries for a page, the cost of the index, a profile by layers.

Usage: DATABASE_URL=… python -m bench.inside tour.json; prints JSON.
"""

import json
import logging
import os
import signal
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from itertools import cycle
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import unquote

from flask import Flask

from app import create_app
from bench import drive
from bench.tour import Tour
from domain.catalog import cards
from domain.catalog.index import facets, index_cache

ASKED = 60
PROFILED = ("filtered", "search-many", "detail", "lesson", "heartbeat")
PROFILE_SECONDS = 1.5
LAYERS = (
    ("rendering", ("/jinja2/", "/markupsafe/", "/templates/", "/web/template_filters.py", "<template>")),
    ("SQLAlchemy", ("/sqlalchemy/", "/flask_sqlalchemy/")),
    (
        "Flask and WSGI",
        ("/flask/", "/werkzeug/", "/flask_login/", "/flask_wtf/", "/itsdangerous/", "/wtforms/"),
    ),
    ("logging", ("/logging/", "/web/logs.py")),
    ("our own code", ("/domain/", "/blueprints/", "app.py", "/web/", "/tables/")),
)
Ask = Callable[[], None]


class Queries(logging.Handler):
    """A log handler that collects the number of queries of each request."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: list[int] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Read the number from a request's log record."""
        self.counts.append(getattr(record, "data", {}).get("queries", 0))


def look(tour: Tour) -> dict[str, Any]:
    """Measure everything; times in seconds, memory in bytes."""
    quiet = logging.getLogger("lectern")
    counter = Queries()
    quiet.addHandler(counter)
    quiet.setLevel(logging.INFO)
    quiet.propagate = False
    app = create_app()
    found: dict[str, Any] = {"index": _index(app)}
    found["cold"] = _cold(app)
    scenarios = [(s, False) for s in tour.pages] + [(s, True) for s in (*tour.own_pages, "heartbeat")]
    found["queries"], found["shares"] = {}, {}
    for scenario, signed_in in scenarios:
        asks = _asks(app, tour, scenario, signed_in)
        counter.counts.clear()
        for _ in range(ASKED):
            next(asks)()
        found["queries"][_name(scenario, signed_in)] = max(counter.counts)
        if scenario in PROFILED:
            found["shares"][_name(scenario, signed_in)] = _shares(asks)
    return found


def _name(scenario: str, signed_in: bool) -> str:
    return f"{scenario} {'in' if signed_in else 'out'}"


def _index(app: Flask) -> dict[str, float]:
    """Measure the loading time of the catalogue index, and the memory it takes."""
    before = _resident()
    started = time.perf_counter()
    with app.app_context():
        size = index_cache.current().size
    return {
        "courses": size, "seconds": time.perf_counter() - started, "bytes": _resident() - before,
        "process": _resident(),
    }  # fmt: skip


def _cold(app: Flask) -> dict[str, float]:
    """Measure operations that are cached between requests, without their cache: medians in seconds."""
    with app.app_context():
        index = index_cache.current()
        chosen = facets.read({"level": ["beginner"], "language": ["en"]}, index.facets.values()).chosen
        return {
            "counts": _median(lambda: index._counts((), chosen)),
            "page": _median(lambda: index.page(facets.Selection(chosen=chosen, sort="rating"), 0, 24)),
            "cards": _median(lambda: cards.cards_of(index.page(facets.Selection(), 240, 24))),
            "common": _median(lambda: index._hits(("practical",), "popular")),
            "rare": _median(lambda: index._hits(("zymurgy",), "popular")),
        }


def _median(work: Callable[[], Any]) -> float:
    times = []
    for _ in range(7):
        started = time.perf_counter()
        work()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def _asks(app: Flask, tour: Tour, scenario: str, signed_in: bool) -> "cycle[Ask]":
    lines = drive.lines_of(tour, scenario, signed_in, is_bare=False)
    return cycle([_ask(app, *line.split("\t")) for line in lines])


def _ask(app: Flask, method: str, address: str, cookie: str, body: str) -> Ask:
    path, _, query = address.partition("?")
    environ = {
        "REQUEST_METHOD": method, "PATH_INFO": unquote(path), "QUERY_STRING": query, "SCRIPT_NAME": "",
        "SERVER_NAME": drive.HOST, "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": drive.HOST, "wsgi.url_scheme": "http", "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr, "wsgi.multithread": True, "wsgi.multiprocess": False,
        "wsgi.run_once": False, "HTTP_HOST": drive.HOST,
    } | ({"HTTP_COOKIE": cookie} if cookie else {})  # fmt: skip
    if body:
        environ |= {
            "CONTENT_TYPE": "application/x-www-form-urlencoded", "CONTENT_LENGTH": str(len(body)),
        }  # fmt: skip

    def start_response(status: str, _headers: object, _error: object = None) -> None:
        if status[0] != "2":
            raise SystemExit(f"{address} answers {status}.")

    def ask() -> None:
        answer = app.wsgi_app(environ | {"wsgi.input": BytesIO(body.encode())}, start_response)  # type: ignore[arg-type]
        b"".join(answer)
        close = getattr(answer, "close", None)
        if close:
            close()

    return ask


def _shares(asks: "cycle[Ask]") -> dict[str, float]:
    """Sample the stack every millisecond of processor time; answers the share of each layer (a profile)."""
    seen: Counter[str] = Counter()

    def sample(_signal: int, frame: FrameType | None) -> None:
        seen[_layer(frame)] += 1

    signal.signal(signal.SIGPROF, sample)
    signal.setitimer(signal.ITIMER_PROF, 0.001, 0.001)
    until = time.perf_counter() + PROFILE_SECONDS
    while time.perf_counter() < until:
        next(asks)()
    signal.setitimer(signal.ITIMER_PROF, 0)
    return {layer: count / seen.total() for layer, count in seen.most_common()}


def _layer(frame: FrameType | None) -> str:
    while frame is not None:
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        if "/psycopg" in file or name in ("do_execute", "do_commit", "fetchall", "_begin"):
            return "the database"
        for layer, places in LAYERS:
            if any(place in file for place in places):
                return layer
        frame = frame.f_back
    return "the rest"


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    """Print the measurements of the environment's database with the given tour."""
    print(json.dumps(look(Tour.load(Path(sys.argv[1])))))


if __name__ == "__main__":
    main()

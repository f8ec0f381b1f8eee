"""The report bench/RESULTS.md: the tables are rewritten, the text below them is kept."""

import os
import platform
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.drive import SERVER_CORE, Load, Measured, flags

NAMES = {
    "home": "start page", "catalogue": "catalogue", "filtered": "filtered", "sorted": "filtered and sorted",
    "deep": "deep page", "search-rare": "search, rare word", "search-common": "search, common word",
    "search-many": "search, 650 texts in turn", "detail": "course", "bundle": "bundle", "lesson": "lesson",
    "heartbeat": "heartbeat",
}  # fmt: skip
# Ratios to reach at 100,000 courses: signed out, signed in.
TARGETS = {
    "sqlite": {
        "catalogue": (0.5, 0.4), "filtered": (0.5, 0.4), "sorted": (0.5, 0.4), "detail": (0.5, 0.4),
        "search-rare": (0.4, 0.4), "search-common": (0.15, 0.15), "lesson": (0.4, 0.4),
        "heartbeat": (None, 0.4),
    },
    "postgresql": {
        "catalogue": (0.6, 0.5), "filtered": (0.6, 0.5), "sorted": (0.6, 0.5), "detail": (0.4, 0.4),
        "search-rare": (0.4, 0.4), "search-common": (0.4, 0.4), "lesson": (0.2, 0.2),
        "heartbeat": (None, 0.35),
    },
}  # fmt: skip
GROWTH = 1.15
QUERIES = {"detail": 8, "bundle": 8, "lesson": 8, "heartbeat": 4}
CATALOGUE_QUERIES = 5
PACKAGES = ("granian", "flask", "jinja2", "sqlalchemy", "psycopg")
BY_HAND = "## What it means"


@dataclass(frozen=True)
class Cell:
    """A scenario on one store: medians of Lectern, of the bare application, and of the harder baseline.

    `few` is Lectern with no more addresses than the smallest store has.
    """

    lectern: Measured
    bare: Measured
    harder: Measured | None = None
    few: Measured | None = None

    @property
    def ratio(self) -> float:
        """Return Lectern's request rate relative to the bare application's."""
        return self.lectern.rate / self.bare.rate


Key = tuple[str, bool]
Results = dict[str, dict[int, dict[Key, Cell]]]
Inside = dict[str, dict[int, dict[str, Any]]]


def write(
    path: Path, results: Results, inside: Inside, memory: dict[str, int], load: Load, rounds: int
) -> None:
    """Write the tables of `results` to `path`, and keep the file's text from BY_HAND on."""
    old = path.read_text() if path.exists() else ""
    kept = old[old.index(BY_HAND) :] if BY_HAND in old else f"{BY_HAND}\n"
    parts = [_head(load, rounds)]
    for engine, sizes in results.items():
        parts.append(_ratios(engine, max(sizes), sizes[max(sizes)], inside[engine][max(sizes)]))
        if len(sizes) > 1:
            parts.append(_growth(engine, sizes))
    parts += [_harder(results), _index(inside, memory), _cold(inside), _shares(inside)]
    path.write_text("\n".join(part for part in parts if part) + "\n" + kept)


def _head(load: Load, rounds: int) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    wrk = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout.split("\n")[0]
    cores = os.cpu_count()
    today, busy = f"{datetime.now(UTC):%Y-%m-%d}", f"{os.getloadavg()[0]:.1f}"
    pinned = "the server on one core, wrk on another" if SERVER_CORE else "nothing pinned to a core"
    return f"""# How fast it is

Requests a second of Lectern beside a bare Flask + Jinja application that renders the same bytes from memory
(`bench/bare.py`), through the same server with the same flags, in turns, in one run. Only the ratios mean
anything on another machine. `python -m bench.run` makes this page anew; `--help` tells what can be set.

- {today}, {_processor()}, {cores} cores, {pinned}; load when it ended: {busy}
- Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {versions}, {wrk.split(" [")[0]}
- `granian {" ".join(flags(load))}`, logs to a file
- wrk with {load.connections} connections; every number is the median of {rounds} rounds of {load.seconds:g} s
- every scenario but the start page and the rare word goes through many addresses; nothing is measured on one
"""


def _ratios(engine: str, size: int, cells: dict[Key, Cell], inside: dict[str, Any]) -> str:
    lines = [
        f"## {size:,} courses on {_engine(engine)}\n",
        "| page | visitor | bare | Lectern | ratio | target | | p99 bare | p99 Lectern | queries |",
        "|---|---|--:|--:|--:|--:|---|--:|--:|--:|",
    ]
    for (scenario, signed_in), cell in cells.items():
        target = TARGETS[engine].get(scenario, (None, None))[signed_in]
        verdict = "" if target is None else "reached" if cell.ratio >= target else "**missed**"
        asked = inside["queries"][f"{scenario} {'in' if signed_in else 'out'}"]
        allowed = QUERIES.get(scenario, CATALOGUE_QUERIES)
        queries = f"{asked} of {allowed}" if asked <= allowed else f"**{asked} of {allowed}**"
        lines.append(
            f"| {NAMES[scenario]} | {'signed in' if signed_in else 'stranger'} | {cell.bare.rate:,.0f} |"
            f" {cell.lectern.rate:,.0f} | {cell.ratio:.2f} | {target or ''} | {verdict} |"
            f" {cell.bare.p99:.0f} ms | {cell.lectern.p99:.0f} ms |"
            f" {queries} |"
        )
    return "\n".join(lines) + "\n"


def _growth(engine: str, sizes: dict[int, dict[Key, Cell]]) -> str:
    small, large = min(sizes), max(sizes)
    lines = [
        f"### From {small:,} to {large:,} courses on {_engine(engine)}\n",
        f"Time for a page at {large:,} courses as a multiple of that at {small:,}, through as many different"
        " addresses; “same page” takes out what the bare application needs longer because the page shows"
        f" more. To reach: {GROWTH}. A larger catalogue also has more different pages, and less of them is"
        " remembered: “all pages” is the multiple with every address of the larger tour.\n",
        f"| page | visitor | Lectern at {small:,} | at {large:,} | multiple | same page | | all pages |",
        "|---|---|--:|--:|--:|--:|---|--:|",
    ]
    for key, cell in sizes[large].items():
        before = sizes[small][key]
        few = cell.few or cell.lectern
        plain = before.lectern.rate / few.rate
        same = plain * cell.bare.rate / before.bare.rate
        verdict = "reached" if min(plain, same) <= GROWTH else "**missed**"
        lines.append(
            f"| {NAMES[key[0]]} | {'signed in' if key[1] else 'stranger'} | {before.lectern.rate:,.0f} |"
            f" {few.rate:,.0f} | {plain:.2f} | {same:.2f} | {verdict} |"
            f" {before.lectern.rate / cell.lectern.rate:.2f} |"
        )
    return "\n".join(lines) + "\n"


def _harder(results: Results) -> str:
    lines = [
        "## A harder measure\n",
        "Lectern remembers the cards and filters it has rendered, and its heartbeats don't wait for the disk."
        " Here the bare application does the same: its pages are little more than joined strings, its upsert"
        " is committed in memory.\n",
        "| page | visitor | database | bare | Lectern | ratio |",
        "|---|---|---|--:|--:|--:|",
    ]
    for engine, sizes in results.items():
        for (scenario, signed_in), cell in sizes[max(sizes)].items():
            if cell.harder:
                lines.append(
                    f"| {NAMES[scenario]} | {'signed in' if signed_in else 'stranger'} | {_engine(engine)} |"
                    f" {cell.harder.rate:,.0f} | {cell.lectern.rate:,.0f} |"
                    f" {cell.lectern.rate / cell.harder.rate:.2f} |"
                )
    return "\n".join(lines) + "\n" if len(lines) > 4 else ""


def _index(inside: Inside, memory: dict[str, int]) -> str:
    lines = [
        "## The catalogue's index\n",
        "Each process keeps it; see docs/decisions/0006. A large one is loaded anew by a thread, while the"
        " old one goes on answering. “Serving” is the server's process at the end of its run.\n",
        "| database | courses | loading | adds | process | serving |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for engine, sizes in inside.items():
        for size, found in sizes.items():
            index, serving = found["index"], memory[f"{engine}-{size}"]
            sizes_mb = (f"{part / 2**20:.0f} MB" for part in (index["bytes"], index["process"], serving))
            lines.append(
                f"| {_engine(engine)} | {size:,} | {index['seconds']:.2f} s | {' | '.join(sizes_mb)} |"
            )
    return "\n".join(lines) + "\n"


def _cold(inside: Inside) -> str:
    what = {
        "counts": "counts beside the filters", "page": "a filtered, sorted page", "cards": "reading 24 cards",
        "common": "searching a common word", "rare": "searching a rare word",
    }  # fmt: skip
    lines = [
        "## When nothing is remembered\n",
        "What one request more costs when it is the first of its kind, in milliseconds.\n",
        f"| database | courses | {' | '.join(what.values())} |",
        f"|---|--:|{'--:|' * len(what)}",
    ]
    for engine, sizes in inside.items():
        for size, found in sizes.items():
            times = " | ".join(f"{1000 * found['cold'][name]:.2f}" for name in what)
            lines.append(f"| {_engine(engine)} | {size:,} | {times} |")
    return "\n".join(lines) + "\n"


def _shares(inside: Inside) -> str:
    engine, sizes = next(iter(inside.items()))
    size = max(sizes)
    shares = sizes[size]["shares"]
    layers = list(dict.fromkeys(layer for found in shares.values() for layer in found))
    lines = [
        "## Where the time goes\n",
        f"Samples of the processor's time inside Lectern, {size:,} courses on {_engine(engine)}.\n",
        f"| page | visitor | {' | '.join(layers)} |",
        f"|---|---|{'--:|' * len(layers)}",
    ]
    for name, found in shares.items():
        scenario, visitor = name.rsplit(" ", 1)
        percents = " | ".join(f"{found.get(layer, 0):.0%}" for layer in layers)
        lines.append(f"| {NAMES[scenario]} | {'signed in' if visitor == 'in' else 'stranger'} | {percents} |")
    return "\n".join(lines) + "\n"


def _engine(engine: str) -> str:
    return {"sqlite": "SQLite", "postgresql": "PostgreSQL"}[engine]


def _processor() -> str:
    if shutil.which("lscpu"):
        out = subprocess.run(["lscpu"], capture_output=True, text=True, check=False).stdout
        found = [line.split(":", 1)[1].strip() for line in out.splitlines() if line.startswith("Model name")]
        if found:
            return found[0]
    return platform.machine()

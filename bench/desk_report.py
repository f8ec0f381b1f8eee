"""The report bench/DESK.md: the tables are rewritten, the text below them is kept."""

import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.report import BY_HAND, _engine, _processor

MOST_QUERIES, MOST_TIMES = 10, 3.0
MIB = 2**20


def write(path: Path, found: dict[str, Any], courses: int, purchases: int, events: int) -> None:
    """Write the tables of `found`, by engine, and keep the file's text from BY_HAND on."""
    old = path.read_text() if path.exists() else ""
    kept = old[old.index(BY_HAND) :] if BY_HAND in old else f"{BY_HAND}\n"
    parts = [_head(courses, purchases, events), _counting(found), _upload(found)]
    parts += [_pages(engine, one) for engine, one in found.items()]
    path.write_text("\n".join(part for part in parts if part) + "\n" + kept)


def _head(courses: int, purchases: int, events: int) -> str:
    python, load = platform.python_version(), f"{os.getloadavg()[0]:.1f}"
    return f"""# How fast it is where people work

The studio and the administration of a shop with {courses:,} courses, {purchases:,} purchases and
{events:,} events, asked for within one process by somebody who is signed in; medians.
`python -m bench.desk` makes this page anew.
To reach: at most {MOST_QUERIES} queries, and {MOST_TIMES:g} times the catalogue's page.

- {datetime.now(UTC):%Y-%m-%d}, {_processor()}, {os.cpu_count()} cores, Python {python}; load: {load}
"""


def _counting(found: dict[str, Any]) -> str:
    lines = [
        "## Counting events\n",
        "One run of the worker over the newest days, and all days together as in `flask stats rebuild`.\n",
        "| database | its size | events in the run | seconds | events a second | every day |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for engine, one in found.items():
        run = one["counting"]
        lines.append(
            f"| {_engine(engine)} | {one['bytes'] / MIB:,.0f} MB | {run['events']:,} | {run['seconds']:.1f} |"
            f" {run['events'] / run['seconds']:,.0f} | {run['rebuild']:.0f} s |"
        )
    return "\n".join(lines) + "\n"


def _upload(found: dict[str, Any]) -> str:
    run = next((one["upload"] for one in found.values() if "upload" in one), None)
    if run is None:
        return ""
    ratio = run["upload"] / run["plain"]
    verdict = "reached" if ratio >= 0.8 else "**missed**"
    size, plain, upload = (f"{run[name] / MIB:,.0f} MB" for name in ("size", "plain", "upload"))
    grew = f"{max(0, run['grew']) / MIB:,.1f} MB"
    return f"""## Taking a file in

| size | written to the disk | uploaded in chunks | ratio | to reach | | the server grew by |
|--:|--:|--:|--:|--:|---|--:|
| {size} | {plain}/s | {upload}/s | {ratio:.2f} | 0.8 | {verdict} | {grew} |
"""


def _pages(engine: str, one: dict[str, Any]) -> str:
    base = one["pages"][0]["ms"]
    lines = [f"## {_engine(engine)}\n", "| page | queries | ms | × catalogue | |", "|---|--:|--:|--:|---|"]
    for page in one["pages"]:
        times = page["ms"] / base
        good = page["queries"] <= MOST_QUERIES and times <= MOST_TIMES
        verdict = "" if page["name"] == "catalogue" else "reached" if good else "**missed**"
        lines.append(f"| {page['name']} | {page['queries']} | {page['ms']:.1f} | {times:.1f} | {verdict} |")
    return "\n".join(lines) + "\n"

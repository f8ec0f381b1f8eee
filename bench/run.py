"""Benchmark of Lectern against the bare application; writes bench/RESULTS.md.

Usage: python -m bench.run [--quick] [--engines sqlite,postgresql] [--sizes 1000,100000] …

It creates the databases it needs below --folder (and on the PostgreSQL server of --postgresql, as
lectern_bench_<size>) and keeps them for the next time: the first run takes ten minutes longer.
"""

import argparse
import contextlib
import json
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench import report, stores
from bench.drive import Load, Measured, Server, lines_of, write_requests
from bench.report import Cell, Key, Results
from bench.stores import ROOT, Store
from bench.tour import Tour

# Scenarios also measured against the harder baseline, at the largest size.
HARDER = ("filtered", "sorted", "detail", "heartbeat")


def main() -> None:
    """Run the benchmark for each database engine."""
    asked = arguments()
    load = Load(asked.threads, asked.connections, asked.seconds)
    results: Results = {}
    inside: report.Inside = {}
    memory: dict[str, int] = {}
    for engine in asked.engines.split(","):
        made = stores.all_of(
            asked.folder, [engine], [int(n) for n in asked.sizes.split(",")], asked.postgresql
        )
        for store in made:
            store.ensure()
            prepare(store)
        inside[engine] = {store.courses: look_inside(store) for store in made}
        results[engine] = compare(made, load, asked.rounds, asked.port, memory, asked.only.split(","))
        say(f"{engine} is done")
    if asked.output:
        report.write(asked.output, results, inside, memory, load, asked.rounds)


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.run", description=__doc__)
    parser.add_argument(
        "--folder", type=Path, default=ROOT / "instance" / "bench", help="where databases are kept"
    )
    parser.add_argument("--engines", default="sqlite,postgresql")
    parser.add_argument("--sizes", default="1000,100000")
    parser.add_argument(
        "--postgresql", default="postgresql://postgres@127.0.0.1:5432/postgres", help="a server"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of one measurement")
    parser.add_argument("--threads", type=int, default=1, help="granian's blocking threads")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--port", type=int, default=6000, help="the first of the ports used")
    parser.add_argument("--only", default="", help="scenarios, separated by commas")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "RESULTS.md")
    parser.add_argument("--quick", action="store_true", help="one short round on SQLite; writes no page")
    asked = parser.parse_args()
    if asked.quick:
        asked.engines, asked.rounds, asked.output = "sqlite", 1, None
    return asked


def prepare(store: Store) -> None:
    """Write the store's tour, with freshly signed-in readers."""
    script = [sys.executable, "-m", "bench.tour", str(store.folder / "tour.json")]
    subprocess.run(script, env=store.environ(), cwd=ROOT, check=True, stderr=subprocess.DEVNULL)


def look_inside(store: Store) -> dict[str, Any]:
    """Run bench.inside on the store; returns its measurements."""
    script = [sys.executable, "-m", "bench.inside", str(store.folder / "tour.json")]
    out = subprocess.run(
        script, env=store.environ(), cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    found: dict[str, Any] = json.loads(out)
    return found


def compare(
    made: list[Store], load: Load, rounds: int, port: int, memory: dict[str, int], only: list[str]
) -> dict[int, dict[Key, Cell]]:
    """Drive Lectern and the bare application over each store in turn; returns medians of the rounds."""
    largest = max(made, key=lambda store: store.courses)
    kinds = [(store, kind) for store in made for kind in ("lectern", "bare")] + [(largest, "harder")]
    cells: dict[int, dict[Key, Cell]] = {store.courses: {} for store in made}
    with contextlib.ExitStack() as running:
        servers = {}
        for number, (store, kind) in enumerate(kinds):
            server = Server(store, kind, port + number, load)
            servers[store.courses, kind] = running.enter_context(server)
        for server in servers.values():
            server.wait()
        tours = {store.courses: Tour.load(store.folder / "tour.json") for store in made}
        for scenario, signed_in in scenarios(tours[largest.courses], only):
            wanted = {at: s for at, s in servers.items() if at[1] != "harder" or scenario in HARDER}
            if len(made) > 1 and scenario != "heartbeat":
                wanted[largest.courses, "few"] = servers[largest.courses, "lectern"]
            found = in_turns(wanted, tours, scenario, signed_in, rounds)
            for size in cells:
                cells[size][scenario, signed_in] = Cell(
                    found[size, "lectern"], found[size, "bare"], found.get((size, "harder")),
                    found.get((size, "few"), found[size, "lectern"]),
                )  # fmt: skip
            cell = cells[largest.courses][scenario, signed_in]
            say(
                f"{scenario} {'in' if signed_in else 'out'}: {cell.lectern.rate:,.0f}, ratio {cell.ratio:.2f}"
            )
        for store in made:
            memory[f"{store.engine}-{store.courses}"] = servers[store.courses, "lectern"].memory()
    return cells


def scenarios(tour: Tour, only: list[str]) -> list[Key]:
    """List every scenario, signed out and signed in; a heartbeat needs a reader."""
    every = [(name, signed_in) for name in tour.pages for signed_in in (False, True)] + [("heartbeat", True)]
    return [key for key in every if only == [""] or key[0] in only]


def in_turns(
    servers: dict[tuple[int, str], Server],
    tours: dict[int, Tour],
    scenario: str,
    signed_in: bool,
    rounds: int,
) -> dict[tuple[int, str], Measured]:
    """Measure `servers` in turn, `rounds` times, every other time in reverse order."""
    smallest = tours[min(tours)]
    few = len(lines_of(smallest, scenario, signed_in, is_bare=False))
    requests = {
        at: write_requests(
            tours[at[0]], scenario, signed_in, at[1] in ("bare", "harder"), server.store.folder,
            few if at[1] == "few" else None,
        )
        for at, server in servers.items()
    }  # fmt: skip
    found: dict[tuple[int, str], list[Measured]] = {at: [] for at in servers}
    for number in range(rounds):
        for at in list(servers)[:: -1 if number % 2 else 1]:
            found[at].append(servers[at].measure(requests[at]))
    return {
        at: Measured(statistics.median(m.rate for m in some), statistics.median(m.p99 for m in some))
        for at, some in found.items()
    }


_began = time.monotonic()


def say(text: str) -> None:
    """Print a line of progress, with the time since the start."""
    print(f"{time.monotonic() - _began:5.0f} s  {text}", flush=True)


if __name__ == "__main__":
    main()

"""Plant each fault in a copy of the code, run the tests that must notice it, and say which did.

python -m tests.faults                      all of them, two at a time, on SQLite
python -m tests.faults --only "a sale"      those whose names hold one of these texts
python -m tests.faults --database postgresql://…/postgres
python -m tests.faults --database postgresql://…/postgres --only-on postgresql      what no other shows

The working tree is only read. Exits with 1 when a fault was missed, or no longer fits the code.
"""

import argparse
import itertools
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

from tests.faults.planted import Fault, faults
from tests.faults.planting import Found, Outcome, chromium, copy_tree, plant


def main() -> int:
    """Plant what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument(
        "--only", nargs="+", default=[""], metavar="TEXT", help="whose name holds one of these"
    )
    parser.add_argument("--jobs", type=int, default=2, help="how many are tried side by side")
    parser.add_argument("--database", default="", help="a PostgreSQL server's maintenance database")
    parser.add_argument("--only-on", default="", metavar="NAME", help="what only this database can show")
    options = parser.parse_args()
    on = "postgresql" if options.database.startswith("postgresql") else "sqlite"
    named = [fault for fault in faults() if any(text in fault.name for text in options.only)]
    if options.only_on:
        named = [fault for fault in named if fault.only_on == options.only_on]
    chosen, left_out = sorted_out(named, on, has_browser=bool(chromium()))
    for line in left_out:
        print(f"Left out: {line}", file=sys.stderr)
    if not chosen:
        parser.error("no fault is left to be planted")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="faults-") as folder:
        outcomes = try_all(chosen, Path(folder), options.jobs, options.database)
    seconds = round(time.perf_counter() - began)
    trouble = [outcome for outcome in outcomes if outcome.found != Found.CAUGHT]
    print(f"{len(outcomes) - len(trouble)} of {len(outcomes)} faults caught on {on} in {seconds} seconds")
    for outcome in trouble:
        print(f"  {outcome}")
    return 1 if trouble else 0


def sorted_out(named: list[Fault], on: str, has_browser: bool) -> tuple[list[Fault], list[str]]:
    """Split what was asked for into what can be noticed on the database `on`, and lines about the others."""
    chosen, left_out = [], []
    for fault in named:
        if fault.only_on not in ("", on):
            left_out.append(f"“{fault.name}”, which only {fault.only_on} shows")
        elif fault.in_browser and not has_browser:
            left_out.append(f"“{fault.name}”, which only a browser notices: no Chromium was found")
        else:
            chosen.append(fault)
    return chosen, left_out


def try_all(chosen: list[Fault], folder: Path, jobs: int, database: str) -> list[Outcome]:
    """Plant the faults one by one in as many copies of the tree as there are `jobs`, saying how each went."""
    trees: Queue[Path] = Queue()
    for number in range(jobs):
        trees.put(copy_tree(folder / str(number)))
    counter = itertools.count(1)

    def attempt(fault: Fault) -> Outcome:
        tree = trees.get()
        try:
            outcome = plant(fault, tree, database)
        finally:
            trees.put(tree)
        print(f"{next(counter):3}/{len(chosen)} {outcome}", flush=True)
        return outcome

    with ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(attempt, chosen))


if __name__ == "__main__":
    sys.exit(main())

"""Record everything the shop answers, writes and sends, to be compared with another version of the code.

python -m tests.house.record OUT          into a new folder
python -m tests.house.record OUT --only pages posts --match /learn
python -m tests.house.record --compare A B

Two recordings of the same code are equal byte by byte. See docs/contributing.md.
"""

import argparse
import logging
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.house import frozen, writing

AREAS = ("pages", "posts", "journeys", "mails", "commands")


def main() -> int:
    """Record or compare, as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.house.record")
    parser.add_argument("out", nargs="?", type=Path, help="a folder that isn't there yet")
    parser.add_argument("--compare", nargs=2, type=Path, metavar=("A", "B"))
    parser.add_argument("--only", nargs="+", choices=AREAS, default=AREAS)
    parser.add_argument("--match", default="", help="only addresses that hold this text")
    options = parser.parse_args()
    if options.compare:
        found = list(writing.differences(*options.compare))
        print("\n".join(found) or "No difference.")
        return 1 if found else 0
    if options.out is None or options.out.exists():
        parser.error("name a folder that isn't there yet")
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="record-") as folder, frozen.world():
        counts = record(options.out, Path(folder), options.only, options.match)
    for name, count in counts.items():
        print(f"{count:6} {name}")
    print(f"{time.perf_counter() - began:6.0f} seconds")
    return 0


def record(out: Path, folder: Path, areas: list[str], match: str) -> dict[str, int]:
    """Record the areas; answers how much of each there was."""
    for name in [name for name in os.environ if name.startswith(("LECTERN_", "DATABASE_", "TEST_", "S3_"))]:
        del os.environ[name]
    # The product is imported here, in the frozen world, and not before.
    from tests.house.walk import Walk  # noqa: PLC0415

    logging.disable(logging.CRITICAL)
    walk = Walk(out, folder, match)
    for area in areas:
        getattr(walk, area)()
    walk.end()
    return dict(walk.counts)


if __name__ == "__main__":
    sys.exit(main())

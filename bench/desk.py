"""Benchmark of the pages of studio and admin, of counting events and of uploads; writes bench/DESK.md.

Usage: python -m bench.desk [--courses 100000] [--purchases 1000000] [--events 5000000] [--engines …]

The pages are compared with the catalogue's, in a large, old shop. The databases are created below --folder
(and as lectern_bench_desk_<courses> on the PostgreSQL server) and kept.
"""

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from bench import desk_report
from bench.stores import ROOT, Store, _sources


@dataclass(frozen=True)
class DeskStore(Store):
    """A filled database that bench.desk_fill has enlarged."""

    purchases: int = 0
    events: int = 0

    @property
    def url(self) -> str:
        """Return its SQLAlchemy URL."""
        if self.engine == "sqlite":
            return super().url
        named = make_url(self.server).set(database=f"lectern_bench_desk_{self.courses}")
        return named.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)

    def ensure(self) -> None:
        """Create, fill and enlarge it, unless it exists with these sources and sizes."""
        stamp = self.folder / "enlarged"
        made_from = (ROOT / "bench" / "desk_fill.py").read_text() + _sources()
        wanted = f"{self.purchases} {self.events} {hashlib.sha256(made_from.encode()).hexdigest()}"
        if stamp.exists() and stamp.read_text() == wanted:
            return
        shutil.rmtree(self.folder, ignore_errors=True)
        super().ensure()
        began = time.monotonic()
        more = ["--purchases", str(self.purchases), "--events", str(self.events)]
        print(
            self.run("bench.desk_fill", *more), f"{self.engine}: {time.monotonic() - began:.0f} s", flush=True
        )
        stamp.write_text(wanted)

    def run(self, module: str, *arguments: str) -> str:
        """Run a module of the benchmark on this store; answers its output."""
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command, env=self.environ(), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def bytes(self) -> int:
        """Measure the size of the database in bytes."""
        if self.engine == "sqlite":
            return (self.folder / "lectern.db").stat().st_size
        engine = create_engine(self.url)
        with engine.connect() as connection:
            size: int = connection.scalar(text("SELECT pg_database_size(current_database())"))
        engine.dispose()
        return size


def main() -> None:
    """Run the benchmark for each database engine."""
    asked = arguments()
    found: dict[str, Any] = {}
    for engine in asked.engines.split(","):
        folder = asked.folder / f"{engine}-desk-{asked.courses}"
        store = DeskStore(engine, asked.courses, folder, asked.postgresql, asked.purchases, asked.events)
        store.ensure()
        found[engine] = json.loads(store.run("bench.desk_inside", str(asked.rounds)).splitlines()[-1])
        found[engine]["bytes"] = store.bytes()
        upload = (
            store.run("bench.desk_upload", str(asked.port), str(asked.megabytes))
            if engine == "sqlite"
            else ""
        )
        if upload:
            found[engine]["upload"] = json.loads(upload.splitlines()[-1])
        print(f"{engine} is measured", flush=True)
    if asked.output:
        desk_report.write(asked.output, found, asked.courses, asked.purchases, asked.events)


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.desk", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "instance" / "bench")
    parser.add_argument("--engines", default="sqlite,postgresql")
    parser.add_argument("--courses", type=int, default=100_000)
    parser.add_argument("--purchases", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument(
        "--postgresql", default="postgresql://postgres@127.0.0.1:5432/postgres", help="a server"
    )
    parser.add_argument("--rounds", type=int, default=40, help="how often each page is asked for")
    parser.add_argument("--port", type=int, default=6000)
    parser.add_argument("--megabytes", type=int, default=512, help="the file that is uploaded")
    parser.add_argument("--output", type=Path, default=ROOT / "bench" / "DESK.md")
    return parser.parse_args()


if __name__ == "__main__":
    main()

"""The databases of the benchmarks: created, filled and kept until the fillers change."""

import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

ROOT = Path(__file__).resolve().parent.parent
FILLED_BY = "bench/fill*.py"


@dataclass(frozen=True)
class Store:
    """A filled database. `engine`: sqlite or postgresql; `courses`: their number."""

    engine: str
    courses: int
    folder: Path
    server: str

    @property
    def url(self) -> str:
        """Return its SQLAlchemy URL."""
        if self.engine == "sqlite":
            return f"sqlite:///{self.folder / 'lectern.db'}"
        named = make_url(self.server).set(database=f"lectern_bench_{self.courses}")
        return named.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)

    def environ(self) -> dict[str, str]:
        """Build the environment in which Lectern runs on it."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("LECTERN_", "STRIPE_", "S3_"))}
        return kept | {
            "DATABASE_URL": self.url,
            "LECTERN_DATA_DIR": str(self.folder),
            "LECTERN_SECRET_KEY": "bench-bench-bench-bench-bench-bench-0123456789",
            "PYTHONPATH": str(ROOT),
            "PYTHONUNBUFFERED": "1",
        }

    def ensure(self) -> None:
        """Create and fill it, unless the same fillers made it; then only newer migrations are applied."""
        stamp = self.folder / "made-from"
        if stamp.exists() and stamp.read_text() == _sources():
            self._run("flask", "db", "upgrade")
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        self._clear()
        print(f"Filling {self.courses:,} courses into {self.engine}", flush=True)
        self._run("flask", "db", "upgrade")
        self._run("bench.fill", str(self.courses))
        stamp.write_text(_sources())

    def _run(self, module: str, *arguments: str) -> None:
        subprocess.run([sys.executable, "-m", module, *arguments], env=self.environ(), cwd=ROOT, check=True)

    def _clear(self) -> None:
        for path in self.folder.glob("*"):
            path.unlink()
        if self.engine == "sqlite":
            return
        server = create_engine(make_url(self.server).set(drivername="postgresql+psycopg"))
        with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            name = make_url(self.url).database
            connection.execute(text(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
            connection.execute(text(f"CREATE DATABASE {name}"))
        server.dispose()


def all_of(folder: Path, engines: list[str], sizes: list[int], server: str) -> list[Store]:
    """List a store for each engine and size, below `folder`; `server` is the URL of a PostgreSQL server."""
    return [Store(e, size, folder / f"{e}-{size}", server) for e in engines for size in sizes]


def _sources() -> str:
    digest = hashlib.sha256()
    for path in sorted(ROOT.glob(FILLED_BY)):
        digest.update(path.read_bytes())
    return digest.hexdigest()

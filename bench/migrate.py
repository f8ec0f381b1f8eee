"""Benchmark of migrations in a large shop: duration of revisions of `purchases`, and no lost rows.

Usage: python -m bench.migrate [--purchases 1000000] [--engines sqlite,postgresql] …

Fills a database as bench.desk does, copies it, and upgrades the copy by the revisions below as Flask-Migrate
does. On SQLite the first one copies the table; on PostgreSQL it adds a CHECK NOT VALID and validates it, the
second one creates an index CONCURRENTLY, and the third one rewrites the table.
"""

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import flask_migrate
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import create_engine, inspect, text
from sqlalchemy.engine import make_url

import config
from app import create_app
from bench.desk import DeskStore
from bench.stores import ROOT
from migrations.support.ddl import clauses
from models import PurchaseStatus, db

COPY = "lectern_bench_migrate"
REVISIONS = {
    "wider": (
        "an enumeration is widened",
        f"widen_enum('purchases', 'status', 'purchase_status', {[*map(str, PurchaseStatus), 'disputed']})",
    ),
    "index": ("an index is added", "create_large_index('ix_zz', 'purchases', ['user_id', 'created_at'])"),
    "rewrite": (
        "every row is written anew",
        "with op.batch_alter_table('purchases') as batch:\n"
        "        batch.alter_column('price_cents', type_=sa.BigInteger(), existing_type=sa.Integer())",
    ),
}
SOURCE = """import sqlalchemy as sa
from alembic import op
from migrations.support import *
revision, down_revision = "{0}", "{1}"
def upgrade():
    {2}
"""


def main() -> None:
    """Run the benchmark for each database engine."""
    asked = arguments()
    for engine in asked.engines.split(","):
        folder = asked.folder / f"{engine}-migrate"
        store = DeskStore(engine, asked.courses, folder, asked.postgresql, asked.purchases, asked.events)
        store.ensure()
        with tempfile.TemporaryDirectory(dir=asked.folder) as work:
            try:
                measure(engine, application(copy(store, Path(work)), Path(work)))
            finally:
                drop_copy(store)


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m bench.migrate", description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "instance" / "bench")
    parser.add_argument("--engines", default="sqlite,postgresql")
    parser.add_argument("--courses", type=int, default=1_010)
    parser.add_argument("--purchases", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument(
        "--postgresql", default="postgresql://postgres@127.0.0.1:5432/postgres", help="a server"
    )
    return parser.parse_args()


def copy(store: DeskStore, work: Path) -> str:
    """Copy the filled database, which is kept for the next run; returns the URL of the copy."""
    if store.engine == "sqlite":
        shutil.copy(store.folder / "lectern.db", work / "lectern.db")
        return f"sqlite:///{work / 'lectern.db'}"
    drop_copy(store)
    on_server(store, f"CREATE DATABASE {COPY} TEMPLATE {make_url(store.url).database}")
    return make_url(store.url).set(database=COPY).render_as_string(hide_password=False)


def drop_copy(store: DeskStore) -> None:
    """Drop the copy on the server; that of SQLite goes with its folder."""
    if store.engine == "postgresql":
        on_server(store, f"DROP DATABASE IF EXISTS {COPY} WITH (FORCE)")


def on_server(store: DeskStore, statement: str) -> None:
    """Run a statement outside of any transaction on the server's own database."""
    server = create_engine(make_url(store.server).set(drivername="postgresql+psycopg"))
    with server.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text(statement))
    server.dispose()


def application(url: str, work: Path) -> Flask:
    """Build Lectern on the database at `url`, with the measured revisions appended to its own."""
    versions = ROOT / "migrations" / "versions"
    last = str(ScriptDirectory(str(versions.parent)).get_current_head())
    for name, (_, change) in REVISIONS.items():
        (work / f"{name}.py").write_text(SOURCE.format(name, last, change))
        last = name

    def look_here(settings: Any) -> Any:
        settings.set_main_option("path_separator", "os")
        settings.set_main_option("version_locations", f"{versions}{os.pathsep}{work}")
        return settings

    app = create_app(config.load({"DATABASE_URL": url, "LECTERN_DATA_DIR": str(work)}))
    app.extensions["migrate"].migrate.configure(look_here)
    return app


def measure(engine: str, app: Flask) -> None:
    """Apply each revision, print its duration, and check that nothing is lost."""
    with app.app_context():
        before = content()
        print(
            f"{engine}: {before['purchases']:,} purchases, {sum(before.values()):,} rows in all", flush=True
        )
        for name, (what, _) in REVISIONS.items():
            began, worked = time.monotonic(), time.process_time()
            flask_migrate.upgrade(revision=name)
            print(
                f"  {what}: {time.monotonic() - began:.1f} s, of which this process computed"
                f" {time.process_time() - worked:.1f} s; load {os.getloadavg()[0]:.1f}",
                flush=True,
            )
        after = content()
        lost = {name for name, count in before.items() if after.get(name) != count}
        print(f"  rows, indexes, triggers and constraints that are not as before: {sorted(lost) or 'none'}")
        db.session.remove()
        db.engine.dispose()


def content() -> dict[str, int]:
    """Count the rows of each table, and each index, trigger and constraint as one."""
    looking = inspect(db.engine)
    tables = [name for name in looking.get_table_names() if "_fts" not in name and name != "alembic_version"]
    with db.engine.connect() as connection:
        found = {
            name: connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one() for name in tables
        }
        if db.engine.dialect.name == "postgresql":
            return found | dict.fromkeys(connection.execute(text(POSTGRESQL)).scalars(), 0)
        hung = connection.execute(text(SQLITE)).scalars()
        made = [clauses(sql) for sql in connection.execute(text(MADE)).scalars()]
        constraints = [c.split("CHECK (")[0] for table in made for c in table if c.startswith("CONSTRAINT")]
        return found | dict.fromkeys(hung, 0) | dict.fromkeys(constraints, 0)


SQLITE = "SELECT type || ' ' || name FROM sqlite_master WHERE type IN ('index', 'trigger')"
MADE = "SELECT sql FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
POSTGRESQL = """
SELECT 'index ' || indexname FROM pg_indexes WHERE schemaname = 'public'
UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
UNION ALL SELECT 'constraint ' || conname FROM pg_constraint WHERE connamespace = 'public'::regnamespace"""


if __name__ == "__main__":
    main()

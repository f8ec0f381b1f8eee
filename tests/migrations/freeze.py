"""Keeps the demo as it stands in the schema of a release, for tests of every later migration.

Usage: python -m tests.migrations.freeze
Loads the demo without films into a scratch database, gives each table that stays empty a row, and writes
tests/data/released/<newest revision>.json.gz: {table: {"columns": [...], "rows": [[...], ...]}}, values as
SQLite stores them. Of tables nothing refers to, no more than the first 400 rows are kept.
"""

import gzip
import json
import sqlite3
import tempfile
import uuid
from pathlib import Path
from typing import Any

import flask_migrate
from sqlalchemy import JSON, Boolean, Column, Date, DateTime, Enum, Float, Integer, LargeBinary, Table, Uuid

from demo import loader
from models import db
from tests.migrations.stage import RELEASED, SQLitePlace, head

MOST = 400
# What a CHECK asks of columns that may be NULL.
CHECKED = {"resources": {"url": "https://example.com/"}, "backup_records": {"problem": "The disk is full."}}
AT = "2026-01-02 03:04:05.000000"


def main() -> None:
    """Write the newest release's file."""
    with tempfile.TemporaryDirectory() as folder:
        place = SQLitePlace(Path(folder))
        with place.app.app_context():
            flask_migrate.upgrade()
            loader.load(lambda *_: None, with_films=False)
            db.session.commit()
            db.session.remove()
        connection = sqlite3.connect(place.path)
        connection.execute("PRAGMA foreign_keys=ON")
        for table in db.metadata.sorted_tables:
            if not connection.execute(f"SELECT 1 FROM {table.name} LIMIT 1").fetchone():
                add_row(connection, table)
        frozen = {table.name: rows(connection, table) for table in db.metadata.sorted_tables}
        connection.close()
        place.leave()
    RELEASED.mkdir(parents=True, exist_ok=True)
    path = RELEASED / f"{head()}.json.gz"
    path.write_bytes(gzip.compress(json.dumps(frozen).encode(), mtime=0))
    print(f"{path.name}: {sum(len(t['rows']) for t in frozen.values())} rows, {path.stat().st_size} bytes")


def rows(connection: sqlite3.Connection, table: Table) -> dict[str, Any]:
    """Read a table, in the order in which its rows were written, so that parents come first."""
    columns = [column.name for column in table.columns]
    referred = {key.column.table.name for other in db.metadata.sorted_tables for key in other.foreign_keys}
    most = -1 if table.name in referred else MOST
    query = f"SELECT {', '.join(columns)} FROM {table.name} ORDER BY rowid LIMIT ?"
    return {"columns": columns, "rows": connection.execute(query, (most,)).fetchall()}


def add_row(connection: sqlite3.Connection, table: Table) -> None:
    """Write a row with plain values that refers to the first rows of other tables."""
    values = {column.name: value(column) for column in table.columns} | CHECKED.get(table.name, {})
    for key in table.foreign_key_constraints:
        names = ", ".join(element.column.name for element in key.elements)
        found = connection.execute(f"SELECT {names} FROM {key.referred_table.name} LIMIT 1").fetchone()
        values |= zip(key.column_keys, found, strict=True)
    marks = ", ".join("?" * len(values))
    connection.execute(f"INSERT INTO {table.name} ({', '.join(values)}) VALUES ({marks})", [*values.values()])
    connection.commit()


def value(column: Column[Any]) -> Any:
    """Make up a value; None wherever that is allowed."""
    if column.nullable:
        return None
    if isinstance(column.type, Enum):
        return column.type.enums[0]
    made_up = {
        Uuid: uuid.uuid4().hex, Boolean: 0, Integer: 1, Float: 1.0, JSON: "{}", LargeBinary: b"x",
        Date: AT[:10], DateTime: AT,
    }  # fmt: skip
    python = getattr(column.type, "impl_instance", column.type)
    return next((v for kind, v in made_up.items() if isinstance(python, kind)), "x")


if __name__ == "__main__":
    main()

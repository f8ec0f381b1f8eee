"""Bulk inserts that bypass the application; indexes are created afterwards."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy.schema import CreateIndex, DropIndex, Table

from models import db

Row = tuple[Any, ...]


class Writer:
    """A bulk writer through the database driver."""

    def __init__(self) -> None:
        self.is_sqlite = db.engine.dialect.name == "sqlite"
        self.raw = db.engine.raw_connection()
        self.driver: Any = self.raw.driver_connection
        if isinstance(self.driver, sqlite3.Connection):
            for pragma in ("foreign_keys=OFF", "synchronous=OFF", "journal_mode=MEMORY"):
                self.driver.execute(f"PRAGMA {pragma}")

    def write(self, table: type[Any], columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Insert all of `rows` in one transaction."""
        name, names = table.__tablename__, ", ".join(columns)
        if isinstance(self.driver, sqlite3.Connection):
            marks = ", ".join("?" * len(columns))
            self.driver.execute("BEGIN")
            self.driver.executemany(f"INSERT INTO {name} ({names}) VALUES ({marks})", rows)
            self.driver.execute("COMMIT")
            return
        with self.driver.cursor() as cursor, cursor.copy(f"COPY {name} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        self.driver.commit()

    def close(self) -> None:
        """Reset the connection's pragmas and close it."""
        if self.is_sqlite:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                self.driver.execute(f"PRAGMA {pragma}")
        self.raw.close()


@contextlib.contextmanager
def without_indexes(*tables: type[Any]) -> Iterator[None]:
    """Drop the plain indexes of `tables`, and create them again at the end: faster than updating them."""
    indexes = [i for t in tables for i in _table(t).indexes if not i.unique]
    with db.engine.begin() as connection:
        for index in indexes:
            connection.execute(DropIndex(index))
    yield
    with db.engine.begin() as connection:
        for index in indexes:
            connection.execute(CreateIndex(index))


def _table(table: type[Any]) -> Table:
    found: Table = table.__table__
    return found

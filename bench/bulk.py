"""Writing very many rows: past the application, with the indexes made afterwards."""

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy.schema import CreateIndex, DropIndex, Table

from models import db

Row = tuple[Any, ...]


class Writer:
    """Writes rows to one database as fast as its driver can."""

    def __init__(self) -> None:
        self.is_sqlite = db.engine.dialect.name == "sqlite"
        self.raw = db.engine.raw_connection()
        self.driver: Any = self.raw.driver_connection
        if isinstance(self.driver, sqlite3.Connection):
            for pragma in ("foreign_keys=OFF", "synchronous=OFF", "journal_mode=MEMORY"):
                self.driver.execute(f"PRAGMA {pragma}")

    def write(self, table: type[Any], columns: Sequence[str], rows: Iterable[Row]) -> None:
        """Write all of `rows` in one transaction."""
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
        """Put the connection back as it was."""
        if self.is_sqlite:
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
                self.driver.execute(f"PRAGMA {pragma}")
        self.raw.close()


@contextlib.contextmanager
def without_indexes(*tables: type[Any]) -> Iterator[None]:
    """Write first, sort afterwards: the plain indexes of `tables` are made anew when the rows are there."""
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

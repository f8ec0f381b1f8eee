"""SQLite: tables are changed by copying them, so what hangs on a table is remembered and put back.

With foreign keys on, dropping the old copy would delete every row that refers to it; without
legacy_alter_table, renaming the new copy fails on the triggers of other tables. Neither can be switched
inside a transaction.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from alembic.ddl.sqlite import SQLiteImpl
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData, Table, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateTable

from migrations.support.ddl import clauses

PATIENCE_SECONDS = 600
FAST = 2  # what SQLite answers for secure_delete=FAST, but doesn't take
BUSY = "another process kept the database locked"
_DROP = re.compile(r"\bDROP\s+(?:TRIGGER|INDEX)\s+(?:IF\s+EXISTS\s+)?[\"'`\[]?(\w+)", re.IGNORECASE)
_ATTACHED = "SELECT name, tbl_name, sql FROM sqlite_master WHERE type IN ('index', 'trigger') AND sql <> ''"


@dataclass(frozen=True)
class Memory:
    """The state before a revision: rows of each table, and the SQL of its indexes and triggers."""

    rows: dict[str, int]
    attached: dict[str, tuple[str, str]]


@contextmanager
def prepared(connection: Connection) -> Iterator[None]:
    """Switch foreign keys off for as long as migrations run, and wait long for other writers."""
    driver: Any = connection.connection.driver_connection
    wanted = {
        "foreign_keys": 0,
        "legacy_alter_table": 1,
        "busy_timeout": PATIENCE_SECONDS * 1000,
        "secure_delete": FAST,  # or the old copy is overwritten with zeros, at the cost of the new
    }
    usual = {name: driver.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted}
    event.listen(connection, "before_cursor_execute", _note_drops)
    try:
        _set(driver, wanted)
        yield
    finally:
        event.remove(connection, "before_cursor_execute", _note_drops)
        connection.rollback()
        _set(driver, usual)


def _set(driver: Any, pragmas: dict[str, int]) -> None:
    for name, value in pragmas.items():
        driver.execute(f"PRAGMA {name}={'FAST' if (name, value) == ('secure_delete', FAST) else value}")
        if driver.execute(f"PRAGMA {name}").fetchone()[0] != value:
            raise CommandError(f"SQLite did not take PRAGMA {name}={value}.")


def _note_drops(connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
    _dropped(connection).update(_DROP.findall(statement))


def _dropped(connection: Connection) -> set[str]:
    """The indexes and triggers the revision under way has dropped by name, which stay away."""
    found: set[str] = connection.info.setdefault("dropped by name", set())
    return found


def remember(connection: Connection) -> Memory:
    """Count the rows of every table and note every index and trigger."""
    _dropped(connection).clear()
    return Memory(_rows(connection), _attached(connection))


def compare(connection: Connection, before: Memory) -> dict[str, int]:
    """Put back what vanished with the copy of its table, check all references, and count again.

    Raises CommandError when rows refer to missing ones, or a trigger to what is no longer there.
    """
    tables = set(_tables(connection))
    present = _attached(connection)
    for name, (table, sql) in before.attached.items():
        if table in tables and name not in present and name not in _dropped(connection):
            connection.exec_driver_sql(sql)
    _check_foreign_keys(connection, tables)
    _check_triggers(connection)
    return _rows(connection)


def finish(_connection: Connection) -> None:
    """Do nothing: SQLite checks as it copies."""


def met_a_lock(_error: DBAPIError) -> bool:
    """Say no: SQLite has waited long enough by itself."""
    return False


def is_busy(error: DBAPIError) -> bool:
    """Tell whether another process held the database."""
    return "database is locked" in str(error.orig)


def _tables(connection: Connection) -> list[str]:
    """List the tables without those of the full-text index, which keeps rows as it likes."""
    found = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'").all()
    virtual = tuple(name for name, sql in found if sql and sql.upper().startswith("CREATE VIRTUAL"))
    hidden = ("sqlite_", *(f"{name}_" for name in virtual))
    return [n for n, _ in found if n not in (*virtual, "alembic_version") and not n.startswith(hidden)]


def _rows(connection: Connection) -> dict[str, int]:
    return {
        table: connection.exec_driver_sql(f'SELECT count(*) FROM "{table}"').scalar_one()
        for table in _tables(connection)
    }


def _attached(connection: Connection) -> dict[str, tuple[str, str]]:
    return {name: (table, sql) for name, table, sql in connection.exec_driver_sql(_ATTACHED)}


def _check_foreign_keys(connection: Connection, tables: set[str]) -> None:
    for table in sorted(tables):
        for row in connection.exec_driver_sql(f'PRAGMA foreign_key_list("{table}")').all():
            if row[2] not in tables:
                raise CommandError(f"{table} would refer to {row[2]}, which would not be there.")
    broken = connection.exec_driver_sql(
        'SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2'
    ).all()
    if broken:
        said = "; ".join(
            f"{count} rows of {table} refer to missing {parent}" for table, parent, count in broken
        )
        raise CommandError(f"Nothing was changed, because foreign keys would be broken: {said}.")


def _check_triggers(connection: Connection) -> None:
    """Have SQLite compile every trigger: one that names a dropped column would fail at the next write."""
    query = "SELECT DISTINCT tbl_name FROM sqlite_master WHERE type = 'trigger' ORDER BY 1"
    for table in connection.exec_driver_sql(query).scalars().all():
        columns = [row[1] for row in connection.exec_driver_sql(f'PRAGMA table_info("{table}")')]
        same = ", ".join(f'"{column}" = "{column}"' for column in columns)
        for change in ("DELETE FROM {}", "INSERT INTO {} DEFAULT VALUES", f"UPDATE {{}} SET {same}"):
            connection.exec_driver_sql("EXPLAIN " + change.format(f'"{table}"')).close()


class KeepingImpl(SQLiteImpl):
    """Alembic's way to SQLite, with copies of tables that keep their indexes and triggers.

    Alembic makes indexes anew from what SQLAlchemy reflects, which leaves out those on expressions and the
    order of columns; triggers it doesn't know. Here they are made from the SQL that made them before.
    """

    __dialect__ = "sqlite"
    transactional_ddl = True
    _waiting: tuple[str, list[str]] = ("", [])

    def prep_table_for_batch(self, batch_impl: Any, table: Table) -> None:
        """Note, before a table is copied, what has to hang on the copy."""
        super().prep_table_for_batch(batch_impl, table)
        assert self.connection is not None
        if batch_impl.reflected:
            refuse_unseen(self.connection, table.name)
        dropped = {str(index.name) for index in table.indexes} - batch_impl.indexes.keys()
        _dropped(self.connection).update(dropped)
        replaced = dropped | batch_impl.new_indexes.keys()
        kept = [
            sql
            for name, (owner, sql) in _attached(self.connection).items()
            if owner == table.name and name not in replaced
        ]
        batch_impl.indexes.clear()
        self._waiting = (table.name, kept)

    def rename_table(self, old_table_name: str, new_table_name: Any, schema: Any = None) -> None:
        """Rename, and when that ends the copying of a table, put back what hung on it."""
        super().rename_table(old_table_name, new_table_name, schema)
        table, kept = self._waiting
        if table == new_table_name and self.connection is not None:
            self._waiting = ("", [])
            for sql in kept:
                self.connection.exec_driver_sql(sql)


def refuse_unseen(connection: Connection, table: str) -> None:
    """Raise CommandError when a copy made from reflection would not be like the table.

    Reflection misses collations, AUTOINCREMENT, CHECKs without a name and more; so what it would make of the
    unchanged table is compared with the SQL that made it.
    """
    query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?"
    stored = clauses(connection.exec_driver_sql(query, (table,)).scalar_one())
    reflected = Table(table, MetaData(), autoload_with=connection)
    made = clauses(str(CreateTable(reflected).compile(dialect=connection.dialect)))
    copied = {clause for clause in made if not clause.startswith("CHECK")}  # Alembic copies only named ones
    if stored != copied:
        raise CommandError(
            f"Copying {table} would lose “{min(stored - copied or copied - stored)}”."
            " Describe the whole table to batch_alter_table with copy_from."
        )

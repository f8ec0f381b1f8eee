"""PostgreSQL: the shop may be open meanwhile, so locks are waited for and held only briefly."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click
from alembic.util import CommandError
from sqlalchemy import Connection, RootTransaction, inspect, text
from sqlalchemy.exc import DBAPIError, IntegrityError

LOCK_TIMEOUT_SECONDS = 5.0
PATIENCE_SECONDS = 600.0
BUSY = "other transactions kept its tables locked"
UPGRADE_LOCK = 0x4C65637465726E  # “Lectern”
LOCK_NOT_AVAILABLE, DEADLOCK = "55P03", "40P01"
_MARKS = """
SELECT relname, n_tup_ins - n_tup_del, pg_relation_filenode(relid) FROM pg_stat_xact_user_tables
WHERE schemaname = current_schema()"""
_NOT_VALIDATED = """
SELECT conrelid::regclass, quote_ident(conname) FROM pg_constraint
WHERE NOT convalidated AND connamespace = current_schema()::regnamespace ORDER BY conname"""


@dataclass(frozen=True)
class Memory:
    """The state before a revision: row counts and write counters of each table, and the transaction."""

    rows: dict[str, int]
    marks: dict[str, tuple[int, int]]
    transaction: RootTransaction | None


@contextmanager
def prepared(connection: Connection) -> Iterator[None]:
    """Keep other upgrades out, and bound the wait for locks. Both end with the session, which is given up."""
    try:
        for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET {setting} = 0"))
        wait_for_locks(connection, PATIENCE_SECONDS)
        if not connection.scalar(text(f"SELECT pg_try_advisory_lock({UPGRADE_LOCK})")):
            _wait_for_the_other_upgrade(connection)
        wait_for_locks(connection, LOCK_TIMEOUT_SECONDS)
        connection.commit()
        yield
    finally:
        connection.invalidate()


def _wait_for_the_other_upgrade(connection: Connection) -> None:
    click.echo("Another upgrade is running; waiting for it to end.", err=True)
    try:
        connection.execute(text(f"SELECT pg_advisory_lock({UPGRADE_LOCK})"))
    except DBAPIError as error:
        if met_a_lock(error):
            raise CommandError("Another upgrade is still running; nothing was changed.") from error
        raise


def wait_for_locks(connection: Connection, seconds: float) -> None:
    """Set how long a statement may wait for a lock: the shop's own statements queue behind it."""
    connection.execute(text(f"SET lock_timeout = {round(seconds * 1000)}"))


def remember(connection: Connection) -> Memory:
    """Count the rows of every table and mark where each stands."""
    rows = {table: _count(connection, table) for table in _tables(connection)}
    return Memory(rows, _marks(connection), connection.get_transaction())


def compare(connection: Connection, before: Memory) -> dict[str, int]:
    """Count again the tables this transaction has changed the rows of.

    The shop may be open: the rows others wrote meanwhile are not the revision's doing. PostgreSQL counts what
    each transaction inserts and deletes; a table that was truncated or rewritten lies in another file.
    """
    one = connection.get_transaction() is before.transaction
    tells = one and connection.scalar(text("SHOW track_counts")) == "on"
    marks = _marks(connection)
    quiet = {t for t in before.rows if tells and marks.get(t) == before.marks[t]}
    return {t: before.rows[t] if t in quiet else _count(connection, t) for t in _tables(connection)}


def finish(connection: Connection) -> None:
    """Validate the constraints that were added NOT VALID, those of an interrupted upgrade too.

    Each in a transaction of its own, so that the shop reads and writes meanwhile. Raises CommandError with a
    sentence when rows break one.
    """
    for table, name in connection.execute(text(_NOT_VALIDATED)).all():
        connection.commit()
        try:
            connection.execute(text(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}"))
        except IntegrityError as error:
            raise CommandError(
                f"The revisions are applied, but rows of {table} break the constraint {name}: correct them"
                " and run flask db upgrade again."
            ) from error
        connection.commit()


def met_a_lock(error: DBAPIError) -> bool:
    """Tell whether a second try makes sense."""
    return getattr(error.orig, "sqlstate", None) in (LOCK_NOT_AVAILABLE, DEADLOCK)


is_busy = met_a_lock


def _marks(connection: Connection) -> dict[str, tuple[int, int]]:
    """Per table, how many rows this session has added net, and the file it lies in."""
    return {name: (net, file) for name, net, file in connection.execute(text(_MARKS))}


def _tables(connection: Connection) -> list[str]:
    return [name for name in inspect(connection).get_table_names() if name != "alembic_version"]


def _count(connection: Connection, table: str) -> int:
    count: int = connection.execute(text(f'SELECT count(*) FROM "{table}"')).scalar_one()
    return count

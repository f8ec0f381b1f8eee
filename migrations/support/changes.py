"""Changes that revisions make alike on both databases: CHECKs, enumerations, indexes of large tables."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

from migrations.support import postgresql
from migrations.support.ddl import named


def add_check(table: str, name: str, condition: str) -> None:
    """Add the CHECK ck_<table>_<name>, which all rows must satisfy already.

    On PostgreSQL it is added NOT VALID, which takes no time, and validated when the revision is committed.
    Raises CommandError when there are rows that don't satisfy it.
    """
    _refuse_rows_outside(table, condition)
    with op.batch_alter_table(table) as batch:
        batch.create_check_constraint(
            op.f(f"ck_{table}_{name}"), sa.text(condition), postgresql_not_valid=True
        )


def drop_check(table: str, name: str) -> None:
    """Drop the CHECK ck_<table>_<name>."""
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")


def widen_enum(table: str, column: str, enum: str, values: Sequence[str]) -> None:
    """Let `column` hold all of `values`, the old ones included.

    `enum` is the name tables.base.enum_of gives: `lesson_kind` for LessonKind. Raises CommandError when a
    value of before is missing.
    """
    if missing := _allowed(table, enum) - set(values):
        raise CommandError(f"{table}.{column} may hold {sorted(missing)}, which widen_enum would forbid.")
    _replace_check(table, enum, _one_of(column, values))


def narrow_enum(table: str, column: str, enum: str, values: Sequence[str]) -> None:
    """Let `column` hold only `values`, on the way down. Raises CommandError while rows hold others."""
    condition = _one_of(column, values)
    _refuse_rows_outside(table, condition)
    _replace_check(table, enum, condition)


def create_large_index(
    name: str, table: str, columns: Sequence[str], *, unique: bool = False, where: str | None = None
) -> None:
    """Make an index while the shop writes on (CONCURRENTLY); on SQLite an ordinary one.

    It can't be made in a transaction: the revision makes and drops indexes and does nothing else before. What
    an interrupted try left is dropped and made anew.
    """
    some = sa.text(where) if where else None
    with _outside_transaction():
        if _on_postgresql() and _is_invalid(name):
            op.drop_index(name, table, postgresql_concurrently=True)
        op.create_index(
            name, table, list(columns), unique=unique, sqlite_where=some, postgresql_where=some,
            postgresql_concurrently=True, if_not_exists=_on_postgresql(),
        )  # fmt: skip


def drop_large_index(name: str, table: str) -> None:
    """Drop an index while the shop writes on; the rule of create_large_index holds here too."""
    with _outside_transaction():
        op.drop_index(name, table, postgresql_concurrently=True, if_exists=_on_postgresql())


def _on_postgresql() -> bool:
    return op.get_bind().dialect.name == "postgresql"


@contextmanager
def _outside_transaction() -> Iterator[None]:
    """Leave the revision's transaction on PostgreSQL; refused when that would commit half a revision."""
    if not _on_postgresql():
        yield
        return
    if op.get_bind().scalar(sa.text("SELECT txid_current_if_assigned()")) is not None:
        raise CommandError("Indexes of large tables are made in a revision of their own.")
    with op.get_context().autocommit_block():
        # It waits for older transactions without being in anybody's way.
        postgresql.wait_for_locks(op.get_bind(), postgresql.PATIENCE_SECONDS)
        try:
            yield
        finally:
            postgresql.wait_for_locks(op.get_bind(), postgresql.LOCK_TIMEOUT_SECONDS)


def _is_invalid(index: str) -> bool:
    query = sa.text("SELECT NOT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
    return bool(op.get_bind().scalar(query, {"name": index}))


def _one_of(column: str, values: Sequence[str]) -> str:
    quoted = ", ".join("'" + value.replace("'", "''") + "'" for value in values)
    return f"{column} IN ({quoted})"


def _replace_check(table: str, name: str, condition: str) -> None:
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
        batch.create_check_constraint(
            op.f(f"ck_{table}_{name}"), sa.text(condition), postgresql_not_valid=True
        )


def _refuse_rows_outside(table: str, condition: str) -> None:
    """Look before any lock is taken: PostgreSQL would validate only after the commit."""
    query = sa.text(f"SELECT count(*) FROM {table} WHERE NOT ({condition})")
    if count := op.get_bind().scalar(query):
        raise CommandError(f"{count} rows of {table} don't satisfy “{condition}”.")


def _allowed(table: str, enum: str) -> set[str]:
    """Read which values the CHECK of an enumeration allows. Raises CommandError when there is none."""
    name = f"ck_{table}_{enum}"
    if _on_postgresql():
        query = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = :name"
        check = op.get_bind().scalar(sa.text(query), {"name": name})
    else:
        query = "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :table"
        check = named(op.get_bind().scalar(sa.text(query), {"table": table}) or "()", name)
    if not check:
        raise CommandError(f"{table} has no CHECK {name}.")
    return {value.replace("''", "'") for value in re.findall(r"'((?:[^']|'')*)'", check)}

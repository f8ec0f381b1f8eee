"""Around each revision: what stood in the tables before must stand there after, unless it says otherwise.

A revision says so with `ROWS = {"access_grants": "+"}`: "+" may gain rows, "-" may lose rows or go
altogether, "*" may do either. On the way down the signs turn round, and what the way up added may go.
"""

from collections.abc import Callable, Mapping
from functools import wraps
from types import ModuleType
from typing import Any

from alembic.runtime.migration import MigrationContext, MigrationStep, RevisionStep
from alembic.util import CommandError
from sqlalchemy import Connection, Dialect

from migrations.support import postgresql, sqlite

SIGNS = {"+", "-", "*"}
TURNED = {"+": "-", "-": "+", "*": "*"}


def database_of(dialect: Dialect) -> ModuleType:
    """Choose the module that knows this kind of database."""
    return sqlite if dialect.name == "sqlite" else postgresql


class Overtaken(Exception):  # noqa: N818
    """Another process applied the revision since this one chose its steps."""


def guarded(step: MigrationStep, migration: MigrationContext) -> MigrationStep:
    """Have a revision's function refuse to end with rows lost; it runs inside the revision's transaction."""
    if not isinstance(step, RevisionStep):  # a stamp, which changes no table
        return step
    change = step.migration_fn

    @wraps(change)
    def careful(**options: Any) -> None:
        if set(migration.get_current_heads()) != set(step.from_revisions_no_deps):
            raise Overtaken
        keeping(migration, step, lambda: change(**options))

    step.migration_fn = careful
    return step


def keeping(migration: MigrationContext, step: RevisionStep, change: Callable[[], None]) -> None:
    """Run `change` between two looks at the database."""
    database = database_of(migration.dialect)
    before = database.remember(_connection(migration))
    change()
    after = database.compare(_connection(migration), before)
    declared = signs(step.revision.module, step.is_upgrade)
    gone_may = not step.is_upgrade
    if wrong := differences(before.rows, after, declared, gone_may):
        raise CommandError(
            f"Revision {step.revision.revision} was not applied, and nothing of it remains:"
            f" {'; '.join(wrong)}. A revision that means to change how many rows a table has says so"
            " with ROWS."
        )


def _connection(migration: MigrationContext) -> Connection:
    assert migration.connection is not None
    return migration.connection


def signs(revision: Any, is_upgrade: bool) -> dict[str, str]:
    """Read a revision's ROWS, the other way round for a downgrade. Raises CommandError on another sign."""
    declared: dict[str, str] = getattr(revision, "ROWS", {})
    if wrong := set(declared.values()) - SIGNS:
        raise CommandError(f"ROWS knows “+”, “-” and “*”, not “{wrong.pop()}”.")
    return declared if is_upgrade else {table: TURNED[sign] for table, sign in declared.items()}


def differences(
    before: Mapping[str, int], after: Mapping[str, int], declared: Mapping[str, str], tables_may_go: bool
) -> list[str]:
    """List in words each table whose number of rows differs without leave."""
    found = []
    for table in sorted(before.keys() | after.keys()):
        if table not in after and tables_may_go:
            continue
        had, has = before.get(table, 0), after.get(table, 0)
        sign = "+" if has > had else "-"
        is_gone = table not in after
        if (has == had and not is_gone) or declared.get(table) in (sign, "*"):
            continue
        found.append(f"{table} had {had} rows and would {'be gone' if is_gone else f'have {has}'}")
    return found

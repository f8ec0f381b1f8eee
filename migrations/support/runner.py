"""Running revisions: one transaction each, one upgrade at a time, tried again while others hold locks."""

import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationContext, RevisionStep
from alembic.util import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from migrations.support import guard

TRIES = 12
PAUSE_SECONDS = 2.0


def run(engine: Engine, **options: Any) -> None:
    """Do on the database of `engine` what `flask db` was asked for; `options` go on to Alembic.

    Raises CommandError with a sentence when a revision can't be applied; nothing of it remains then.
    """
    with warnings.catch_warnings():
        # Reflection misses such indexes: sqlite.py keeps them, and a test compares the whole schema.
        warnings.filterwarnings("ignore", message=".*expression-based index")
        try:
            with engine.connect() as connection:
                _run(connection, {**options, "connection": connection, "transaction_per_migration": True})
        except DBAPIError as error:
            raise CommandError(f"The database can't be migrated: {reason(error)}") from error


def _run(connection: Connection, options: dict[str, Any]) -> None:
    context.configure(**options)
    migration = context.get_context()
    if migration.as_sql or "destination_rev" not in migration.opts:  # such as `flask db check`
        with context.begin_transaction():
            context.run_migrations()
        return
    plan = Plan(migration.opts["fn"])
    context.configure(**options, fn=plan.steps)
    database = guard.database_of(connection.dialect)
    with database.prepared(connection):
        apply(plan, connection, database)


class Plan:
    """The steps Alembic chose, remembered so that a second try goes on where the first one stopped.

    Choosing anew would go one too far with `flask db upgrade +2`.
    """

    def __init__(self, choose: Callable[[Any, MigrationContext], Iterable[Any]]) -> None:
        self.choose = choose
        self.left: list[Any] | None = None

    def steps(self, heads: Any, migration: MigrationContext) -> Iterator[Any]:
        """Yield what is left to do; Alembic asks for the next step when one is committed."""
        if self.left is None:
            self.left = [guard.guarded(step, migration) for step in self.choose(heads, migration)]
        while self.left:
            yield self.left[0]
            self.left.pop(0)

    @property
    def current(self) -> str:
        """Name the step under way for a sentence."""
        step = self.left[0] if self.left else None
        return f"Revision {step.revision.revision}" if isinstance(step, RevisionStep) else "The command"


def apply(plan: Plan, connection: Connection, database: ModuleType) -> None:
    """Take the steps of `plan`, again from the one that met a lock, and finish what waits for the commit."""
    tries = TRIES
    while True:
        try:
            with context.begin_transaction():
                context.run_migrations()
            connection.rollback()
            database.finish(connection)
            return
        except guard.Overtaken:
            plan.left = None
        except DBAPIError as error:
            tries -= 1
            if not tries or not database.met_a_lock(error):
                raise CommandError(sentence(plan, error, database)) from error
            pause()
        finally:
            connection.rollback()


def pause() -> None:
    """Let whoever holds the lock finish."""
    time.sleep(PAUSE_SECONDS)


def sentence(plan: Plan, error: DBAPIError, database: ModuleType) -> str:
    """Say to the operator what failed."""
    if database.is_busy(error):
        return (
            f"{plan.current} was not applied: {database.BUSY}. Nothing of it remains; let long transactions"
            " end, then run the command again."
        )
    statement = " ".join((error.statement or "").split())[:200]
    return f"{plan.current} was not applied, and nothing of it remains: {reason(error)} [{statement}]"


def reason(error: DBAPIError) -> str:
    """Take from an error what the database said."""
    return str(error.orig).strip().partition("\n")[0]

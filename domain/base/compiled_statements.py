"""Precompiled SQL statements, sent straight to the database driver.

SQLAlchemy works out at every execution how each parameter and column is converted. On a page that hardly
matters; for the playback heartbeat, which every watching learner sends all the time, it takes several times
what the database does. Listeners to `before_cursor_execute` see these statements like any other.
See docs/decisions/0013.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect

from models import from_driver

Convert = Callable[[Any], Any] | None


class CompiledStatement:
    """A statement made by `build` for a dialect's name, compiled when a database first needs it."""

    def __init__(self, build: Callable[[str], Any]) -> None:
        self.build = build
        self.plans: dict[str, _Plan] = {}

    def run(self, connection: Connection, values: Mapping[str, Any]) -> list[Any]:
        """Execute with `values` by parameter; answers named tuples, none without SELECT or RETURNING.

        Raises DBAPIError as SQLAlchemy does, such as OperationalError when the database is busy or away.
        """
        dialect = connection.dialect
        plan = self.plans.get(dialect.name)
        if plan is None:
            plan = self.plans[dialect.name] = _Plan(self.build(dialect.name), dialect)
        driver: Any = connection.connection.driver_connection
        sql, bound = plan.sql, plan.bound(values)
        for listener in connection.dispatch.before_cursor_execute:
            sql, bound = listener(connection, None, sql, bound, None, False)
        try:
            cursor = driver.execute(sql, bound)
            return plan.rows(cursor.description, cursor.fetchall()) if plan.columns else []
        except dialect.loaded_dbapi.Error as error:
            raise from_driver(connection, sql, error) from error


class _Plan:
    """A statement as SQL of one dialect, with the converters of its parameters and columns."""

    def __init__(self, statement: Any, dialect: Dialect) -> None:
        compiled: Any = statement.compile(dialect=dialect)
        self.dialect = dialect
        self.sql: str = compiled.string
        self.order: Sequence[str] | None = compiled.positiontup
        kinds = {name: bind.type.dialect_impl(dialect) for name, bind in compiled.binds.items()}
        self.parameters = [
            (name, compiled.binds[name].value, kind.bind_processor(dialect)) for name, kind in kinds.items()
        ]
        self.columns = list(statement.exported_columns)
        self.row: Any = namedtuple("Row", [column.key for column in self.columns])  # type: ignore[misc]
        self.converts: list[Convert] | None = None

    def bound(self, values: Mapping[str, Any]) -> Any:
        """Convert `values` and the statement's own constants to what the driver takes."""
        taken = {}
        for name, fixed, convert in self.parameters:
            value = values.get(name, fixed)
            taken[name] = convert(value) if convert else value
        return taken if self.order is None else [taken[name] for name in self.order]

    def rows(self, description: Sequence[Any], rows: list[Any]) -> list[Any]:
        """Convert the driver's rows to named tuples. `description` is the cursor's."""
        if self.converts is None:
            kinds = [column.type.dialect_impl(self.dialect) for column in self.columns]
            codes = [column[1] for column in description]
            self.converts = [
                kind.result_processor(self.dialect, code) for kind, code in zip(kinds, codes, strict=True)
            ]
        return [
            self.row._make([c(value) if c else value for c, value in zip(self.converts, row, strict=True)])
            for row in rows
        ]

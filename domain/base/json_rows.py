"""Nested rows as JSON: rows of a subquery in a column of another query, to save round trips."""

from typing import Any

from sqlalchemy import JSON
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class json_array_of_rows(FunctionElement[Any]):  # noqa: N801 - stands where functions of SQL stand
    """All rows of a query as one JSON array of arrays, unordered; None or [] when there are none.

    Columns must be texts, numbers, booleans or enums: JSON has neither datetimes nor bytes.
    """

    type = JSON()
    inherit_cache = True


@compiles(json_array_of_rows, "sqlite")
def _for_sqlite(element: json_array_of_rows, compiler: SQLCompiler, **given: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **given)}))"


@compiles(json_array_of_rows, "postgresql")
def _for_postgresql(element: json_array_of_rows, compiler: SQLCompiler, **given: Any) -> str:
    return f"json_agg(json_build_array({compiler.process(element.clauses, **given)}))"

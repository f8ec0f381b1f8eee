"""Rows of one query within a row of another, as JSON: one answer of the database instead of several."""

from typing import Any

from sqlalchemy import JSON
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class lines_of(FunctionElement[Any]):  # noqa: N801 - stands where functions of SQL stand
    """All rows of a query as one JSON array of arrays, in no order; None or [] when there are none.

    Its columns are texts, numbers, truth values and enums: JSON has neither moments nor bytes.
    """

    type = JSON()
    inherit_cache = True


@compiles(lines_of, "sqlite")
def _for_sqlite(element: lines_of, compiler: SQLCompiler, **given: Any) -> str:
    return f"json_group_array(json_array({compiler.process(element.clauses, **given)}))"


@compiles(lines_of, "postgresql")
def _for_postgresql(element: lines_of, compiler: SQLCompiler, **given: Any) -> str:
    return f"json_agg(json_build_array({compiler.process(element.clauses, **given)}))"

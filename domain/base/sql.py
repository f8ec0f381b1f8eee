"""Helpers for SQL conditions."""

from typing import Any

from sqlalchemy import ColumnElement, case


def asked_last(condition: Any) -> ColumnElement[bool]:
    """Wrap `condition` in a CASE, which no index can serve, so that it filters the few rows that are left.

    Otherwise SQLite, without statistics, starts from all published courses, or from all recordings; and
    because of partial indexes on a status it would plan the whole query again whenever a parameter compares
    with one.
    """
    return case((condition, 1), else_=0) == 1

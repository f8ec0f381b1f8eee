"""Building blocks of the queries of daily totals: temporary tables for their parts, and days (UTC)."""

from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Date,
    MetaData,
    Select,
    Table,
    bindparam,
    cast,
    func,
    select,
)

from models import UtcDateTime

_START, _STOP = (bindparam(name, type_=UtcDateTime()) for name in ("start", "stop"))
Parts = list[tuple[Table, Select[Any]]]
"""Queries, each with the temporary table it fills; `start` and `stop` are bound parameters."""


def staged(name: str, keys: dict[str, Any], *counts: str) -> Table:
    """Define a temporary table that collects the parts of one total."""
    columns = [Column(key, kind) for key, kind in keys.items()]
    columns += [Column(count, BigInteger, nullable=False, server_default="0") for count in counts]
    return Table(name, MetaData(), *columns, prefixes=["TEMPORARY"])


def by_day(key: Any, moment: Any, dialect: str, **sums: Any) -> Select[Any]:
    """Select `sums` grouped by `key` and the day of `moment`."""
    day = day_of(moment, dialect).label("date")
    counted = (value.label(name) for name, value in sums.items())
    return select(key, day, *counted).where(*during(moment)).group_by(key, day)


def per_day(moment: Any, dialect: str, **sums: Any) -> Select[Any]:
    """Select `sums` grouped by the day of `moment` alone."""
    day = day_of(moment, dialect).label("date")
    counted = (value.label(name) for name, value in sums.items())
    return select(day, *counted).where(*during(moment)).group_by(day)


def during(moment: Any) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Tell whether `moment` lies between the parameters `start` and `stop`."""
    return moment >= _START, moment < _STOP


def day_of(moment: Any, dialect: str) -> Any:
    """Convert `moment` to its day (UTC), in the form that the database stores dates."""
    if dialect == "postgresql":
        return cast(func.timezone("UTC", moment), Date)
    return func.substr(moment, 1, 10)

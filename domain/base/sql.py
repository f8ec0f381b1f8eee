"""Helpers for SQL conditions, and the one way to lock rows.

A row that is locked is read anew, or its holder would decide by what it read before it had to wait. Reading
anew drops what the session has not written yet, so all of these write it first. On SQLite the transaction
itself is the lock (docs/decisions/0003), and what was read in it is still true.

On PostgreSQL a lock is FOR NO KEY UPDATE, under which rows that refer to the locked one can still be written;
with `keys` it is FOR UPDATE, which makes those wait too.
"""

from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, ScalarResult, Select, and_, case, inspect, select
from sqlalchemy.exc import InvalidRequestError
from werkzeug.exceptions import NotFound

from models import db

Row = TypeVar("Row")


def asked_last(condition: Any) -> ColumnElement[bool]:
    """Wrap `condition` in a CASE, which no index can serve, so that it filters the few rows that are left.

    Otherwise SQLite, without statistics, starts from all published courses, or from all recordings; and
    because of partial indexes on a status it would plan the whole query again whenever a parameter compares
    with one.
    """
    return case((condition, 1), else_=0) == 1


def begins(column: Any, text: str) -> ColumnElement[bool]:
    """Build the range of an index, compared bytewise, in which everything begins with `text`.

    On PostgreSQL for a column in the collation of the database, with an index of varchar_pattern_ops.
    """
    last = text + "\U0010ffff"
    if db.session.get_bind().dialect.name == "postgresql":
        return and_(column.op("~>=~", is_comparison=True)(text), column.op("~<~", is_comparison=True)(last))
    return and_(column >= text, column < last)


def lock(row: Any, names: Iterable[str] = ()) -> None:
    """Lock the row of `row` until the transaction ends, then read its columns `names` anew, all by default.

    Raises NotFound when it was deleted meanwhile.
    """
    mapper = inspect(type(row)).base_mapper  # the parent's row alone: what is a course locks as a product
    if not lock_key(mapper.class_, *mapper.primary_key_from_instance(row)):
        raise NotFound
    reload(row, names)


def lock_keys(column: Any, keys: Collection[Any]) -> None:
    """Lock the rows whose primary key, `column`, is one of `keys`, in the order of the keys."""
    query = select(column).where(column.in_(keys)).order_by(column)
    db.session.execute(query.with_for_update(key_share=True)).all()


def lock_key(model: Any, key: Any, keys: bool = False) -> bool:
    """Lock the row of `model` with the primary key `key`, a value or a subquery; False where there is none.

    For a row that only stands for others, such as the person whose progress changes: nothing of it is read.
    """
    (column,) = inspect(model).primary_key
    query = select(column).where(column == key).with_for_update(key_share=not keys)
    return db.session.scalar(query) is not None


def locked(query: Select[Row], keys: bool = False) -> ScalarResult[Row]:
    """Lock and read anew the rows of `query` until the transaction ends."""
    db.session.flush()
    return db.session.scalars(
        query.with_for_update(key_share=not keys), execution_options={"populate_existing": True}
    )


def shared(query: Select[Row]) -> Row | None:
    """Lock the row of `query` beside others that only read it, and read its column; None without a row.

    Whoever would change the row waits until the transaction ends.
    """
    return db.session.scalar(query.with_for_update(read=True))


def reload(row: Any, names: Iterable[str] = ()) -> None:
    """Read the columns `names` of `row` anew, all by default, under a lock that its parent's row is held by.

    What hangs on it stays loaded. Raises NotFound when it was deleted meanwhile.
    """
    db.session.flush()
    try:
        db.session.refresh(row, list(names) or [column.key for column in inspect(type(row)).column_attrs])
    except InvalidRequestError as gone:
        raise NotFound from gone

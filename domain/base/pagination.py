"""Keyset pagination of lists, newest first: a page begins after a cursor, without counting rows before it."""

import re
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import ColumnElement, Uuid, bindparam, tuple_

from models import UtcDateTime

_WRITTEN = re.compile(r"([0-9]{1,17})-([0-9a-f]{32})", re.ASCII)
Item = TypeVar("Item")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Cursor(NamedTuple):
    """A cursor of keyset pagination: time and id of the last row of a page."""

    at: datetime
    id: uuid.UUID

    def __str__(self) -> str:
        """Format for query strings."""
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}-{self.id.hex}"


@dataclass(frozen=True)
class Page(Generic[Item]):
    """A page of a list, and the key of its last row when there are more: the cursor of the next page."""

    rows: list[Item]
    after: Any


def newest_first(query: Any, at: Any, key: Any, last: tuple[datetime, Any] | None) -> Any:
    """Order `query` by time and key, both descending, behind `last` (None: from the beginning)."""
    if last is not None:
        query = query.where(*behind(at, key, last))
    return query.order_by(at.desc(), key.desc())


def cut(rows: Iterable[Item], size: int, key: Callable[[Item], Any]) -> Page[Item]:
    """Cut `rows`, of which one more than `size` were asked for, to a page; `key` names a row."""
    found = list(rows)
    return Page(found[:size], key(found[size - 1]) if len(found) > size else None)


def read(text: str) -> Cursor | None:
    """Parse a cursor from a query string; None for the first page and for an invalid one."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    return Cursor(_EPOCH + timedelta(microseconds=int(found[1])), uuid.UUID(found[2]))


def after(at: Any, id_: Any) -> ColumnElement[bool]:
    """Build the condition for rows behind the cursor in the parameters `mark_at` and `mark_id`."""
    mark = (bindparam("mark_at", type_=UtcDateTime()), bindparam("mark_id", type_=Uuid()))
    return tuple_(at, id_) < tuple_(*mark)


def behind(at: Any, key: Any, last: tuple[datetime, Any]) -> tuple[ColumnElement[bool], ...]:
    """Build the conditions for rows behind `last`, in descending order of `at` and `key`.

    The first condition is redundant, but every database can serve it from an index.
    """
    return at <= last[0], tuple_(at, key) < tuple_(*last)


def beyond(value: Any, key: Any, last: tuple[Any, Any]) -> tuple[ColumnElement[bool], ...]:
    """Build the conditions for rows beyond `last` where `value` and `key` ascend; as in `behind`."""
    return value >= last[0], tuple_(value, key) > tuple_(*last)


def values(mark: Cursor | None) -> dict[str, Any]:
    """Build the parameters of `after`."""
    return {"mark_at": mark.at, "mark_id": mark.id} if mark else {}

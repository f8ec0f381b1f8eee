"""Keyset pagination of lists, newest first: a page begins after a cursor, without counting rows before it."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Uuid, bindparam, tuple_

from models import UtcDateTime

_WRITTEN = re.compile(r"([0-9]{1,17})-([0-9a-f]{32})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Cursor(NamedTuple):
    """A cursor of keyset pagination: time and id of the last row of a page."""

    at: datetime
    id: uuid.UUID

    def __str__(self) -> str:
        """Format for query strings."""
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}-{self.id.hex}"


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


def values(mark: Cursor | None) -> dict[str, Any]:
    """Build the parameters of `after`."""
    return {"mark_at": mark.at, "mark_id": mark.id} if mark else {}

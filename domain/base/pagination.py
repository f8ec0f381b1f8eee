"""Places in long lists, newest first: the next page begins after one, without counting what is before."""

import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Uuid, bindparam, tuple_

from models import UtcDateTime

_WRITTEN = re.compile(r"([0-9]{1,17})-([0-9a-f]{32})", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Mark(NamedTuple):
    """The last row of a page: when it is from, and its id."""

    at: datetime
    id: uuid.UUID

    def __str__(self) -> str:
        """As it stands in an address."""
        return f"{(self.at - _EPOCH) // timedelta(microseconds=1)}-{self.id.hex}"


def read(text: str) -> Mark | None:
    """The mark that an address names; None for the first page, and for what is no mark."""
    found = _WRITTEN.fullmatch(text)
    if found is None:
        return None
    return Mark(_EPOCH + timedelta(microseconds=int(found[1])), uuid.UUID(found[2]))


def after(at: Any, id_: Any) -> ColumnElement[bool]:
    """The rows that come after the mark of the parameters `mark_at` and `mark_id`."""
    mark = (bindparam("mark_at", type_=UtcDateTime()), bindparam("mark_id", type_=Uuid()))
    return tuple_(at, id_) < tuple_(*mark)


def behind(at: Any, key: Any, last: tuple[datetime, Any]) -> tuple[ColumnElement[bool], ...]:
    """What a list in the order of `at` and `key`, both falling, has behind the row that holds `last`.

    The first condition is what an index understands on every database.
    """
    return at <= last[0], tuple_(at, key) < tuple_(*last)


def values(mark: Mark | None) -> dict[str, Any]:
    """The parameters of `after`."""
    return {"mark_at": mark.at, "mark_id": mark.id} if mark else {}

"""Table heads that sort: each is a link to the list in another order."""

from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple


class SortLink(NamedTuple):
    """The address that sorts by a column, and how the list is sorted by it now: "", ascending, descending."""

    href: str
    now: str


def column(
    address: Callable[..., str], sort: StrEnum, ascending: StrEnum | None, descending: StrEnum | None = None
) -> SortLink:
    """Build the link of a column that is sorted one way or both; pressed again it turns the order around."""
    if sort in (ascending, descending):
        other = descending if sort == ascending else ascending
        return SortLink(address(sort=other or sort), "ascending" if sort == ascending else "descending")
    return SortLink(address(sort=descending or ascending), "")

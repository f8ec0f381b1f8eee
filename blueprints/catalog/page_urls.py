"""URLs of the catalogue, with filters and page numbers, and the pager."""

from typing import Any
from urllib.parse import urlencode

from flask import request, url_for

from domain.catalog.index.facets import Selection

_FARTHEST = 1_000_000
_AROUND = 2


def page_number() -> int:
    """Read the requested page; anything that isn't a page number is 1."""
    asked = request.args.get("page", "1")
    if not asked.isascii() or not asked.isdigit():
        return 1
    return min(max(int(asked[:9]), 1), _FARTHEST)


def selection_url(selection: Selection, number: int = 1) -> str:
    """Build the address of page `number` of a filtered search."""
    return with_page(url_for("catalog.courses"), selection.pairs(), number)


def with_page(path: str, pairs: list[tuple[str, str]], number: int = 1) -> str:
    """Build `path` with `pairs` as its query; page 1 has no parameter, so that it has one address only."""
    query = urlencode([*pairs, ("page", str(number))] if number > 1 else pairs)
    return f"{path}?{query}" if query else path


def pager(path: str, pairs: list[tuple[str, str]], number: int, last: int) -> dict[str, Any]:
    """Build the items of `ui.pager`: first and last page, the neighbours, and gaps between them."""

    first = with_page(path, pairs)
    further = f"{first}{'&' if pairs else '?'}page="

    def to(page: int) -> str:
        return f"{further}{page}" if page > 1 else first

    near = {1, last, *range(max(1, number - _AROUND), min(last, number + _AROUND) + 1)}
    items: list[tuple[str, str | None, bool]] = []
    before = 0
    for page in sorted(near):
        if page - before == 2:
            items.append((str(page - 1), to(page - 1), False))
        elif page - before > 2:
            items.append(("…", None, False))
        items.append((f"{page:,}", to(page), page == number))
        before = page
    return {
        "prev": to(number - 1) if number > 1 else None,
        "next": to(number + 1) if number < last else None,
        "items": items,
    }

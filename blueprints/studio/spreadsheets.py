"""Tables to take along, as CSV that spreadsheets open."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Response, stream_with_context

import formats

BYTE_ORDER_MARK = "\ufeff"  # by which Excel knows UTF-8
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(name: str, head: list[str], rows: Iterable[Iterable[Any]]) -> Response:
    """The rows below `head` as the file `name`.csv, sent while they are read."""
    response = Response(stream_with_context(_lines(head, rows)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def amount(cents: int, currency: str) -> str:
    """Minor units as a plain number: 1900 USD is 19.00."""
    digits = formats.minor_digits(currency)
    return f"{Decimal(cents).scaleb(-digits):.{digits}f}"


def _lines(head: list[str], rows: Iterable[Iterable[Any]]) -> Iterator[str]:
    memory = io.StringIO()
    writer = csv.writer(memory)
    yield BYTE_ORDER_MARK
    writer.writerow(head)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        if memory.tell() > 32_768:
            yield memory.getvalue()
            memory.seek(0)
            memory.truncate()
    yield memory.getvalue()


def _cell(value: Any) -> Any:
    """Numbers and moments as they are; text that a spreadsheet would run as a formula, as text."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, str) and value.startswith(_FORMULA) and not _is_number(value):
        return f"'{value}"
    return "" if value is None else value


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal()

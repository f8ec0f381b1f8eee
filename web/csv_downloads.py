"""File downloads generated per request: CSV exports and other files written in blocks."""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from flask import Response, send_file

BYTE_ORDER_MARK = "\ufeff"  # makes Excel read the file as UTF-8
IN_MEMORY = 1024 * 1024
_BLOCK = 32_768
# Characters that begin a formula in spreadsheets (CSV injection), with all that NFKC makes one of them.
_SIGNS = (
    "=+@-"
    "\uff1d\uff0b\uff20\uff0d"  # fullwidth
    "\ufe66\ufe62\ufe6b\ufe63"  # small
    "\u207c\u207a\u208c\u208a\ufb29"  # raised, lowered, Hebrew
)
_FORMULA = ("\t", "\r", "\n")
_UNSEEN = re.compile("[\\s\u00ad\u200b-\u200f\u2060-\u2064\ufeff]*")
# In locales with a decimal comma Excel splits cells at semicolons, even within quotes.
_BEHIND_SEPARATOR = re.compile(f"([;\t]{_UNSEEN.pattern})([{re.escape(_SIGNS)}]?)")


def csv_of(name: str, head: Iterable[str], rows: Iterable[Iterable[Any]]) -> Response:
    """Return a CSV file `name`.csv with the header `head`."""
    return attached(f"{name}.csv", "text/csv", _lines(head, rows))


def attached(name: str, mimetype: str, blocks: Iterable[bytes]) -> Response:
    """Return `blocks` as the download `name`, complete before the first byte is sent.

    So the database connection is free while a slow client reads, and an error on the way becomes an error
    page instead of a truncated file. More than IN_MEMORY bytes are spooled to disk.
    """
    spool = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed when it was sent
    for block in blocks:
        spool.write(block)
    length = spool.tell()
    spool.seek(0)
    response = send_file(spool, mimetype, as_attachment=True, download_name=name)
    response.content_length = length
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _lines(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    memory = io.StringIO()
    writer = csv.writer(memory)
    memory.write(BYTE_ORDER_MARK)
    writer.writerow([_cell(value) for value in head])
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        if memory.tell() > _BLOCK:
            yield memory.getvalue().encode()
            memory.seek(0)
            memory.truncate()
    yield memory.getvalue().encode()


def _cell(value: Any) -> Any:
    """Format a cell; text that a spreadsheet would run as a formula gets a quote in front (CSV injection)."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, str):
        text = _BEHIND_SEPARATOR.sub(lambda m: f"{m[1]}'{m[2]}" if m[2] else m[1], value)
        return f"'{text}" if _begins_formula(text) and not _is_number(text) else text
    return "" if value is None else value


def _begins_formula(text: str) -> bool:
    """Tell whether text begins like a formula, after what isn't seen too: some programs strip it."""
    seen = text[_UNSEEN.match(text).end() :]  # type: ignore[union-attr]
    return text.startswith(_FORMULA) or seen.startswith(tuple(_SIGNS))


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal()

"""Files made for one reader: tables as CSV, and whatever else comes a block at a time."""

import csv
import io
import re
import tempfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from flask import Response, send_file

from web import filters

BYTE_ORDER_MARK = "\ufeff"  # by which Excel knows UTF-8
IN_MEMORY = 1024 * 1024
_BLOCK = 32_768
# Programs for sheets of numbers also take the wide forms of Chinese and Japanese keyboards for formulas.
_FORMULA = (*"=+-@", *"\uff1d\uff0b\uff0d\uff20", "\t", "\r", "\n")
# Where a comma stands in numbers, Excel takes a semicolon for what parts the cells, whatever the quotes say.
_BEHIND_SEPARATOR = re.compile("([;\t] *)(?=[-=+@\uff1d\uff0b\uff0d\uff20])")


def csv_of(name: str, head: Iterable[str], rows: Iterable[Iterable[Any]]) -> Response:
    """The rows below `head` as the file `name`.csv."""
    return attached(f"{name}.csv", "text/csv", _lines(head, rows))


def attached(name: str, mimetype: str, blocks: Iterable[bytes]) -> Response:
    """`blocks` as the file `name` to be saved, complete before the first byte is sent.

    So the database is done with when a slow reader begins, and what fails on the way is an error page and
    not half a file. More than IN_MEMORY bytes wait on the disk.
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


def amount(cents: int, currency: str) -> str:
    """Minor units as a plain number: 1900 USD is 19.00."""
    digits = filters.minor_digits(currency)
    return f"{Decimal(cents).scaleb(-digits):.{digits}f}"


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
    """Numbers and moments as they are; text that a spreadsheet would run as a formula, as text."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, str):
        text = _BEHIND_SEPARATOR.sub(r"\1'", value)
        return f"'{text}" if _begins_formula(text) and not _is_number(text) else text
    return "" if value is None else value


def _begins_formula(text: str) -> bool:
    """Whether a sign of _FORMULA comes first, also behind blanks, which some programs leave out."""
    return text.startswith(_FORMULA) or text.lstrip().startswith(_FORMULA)


def _is_number(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal()

"""The archive of a period: a ZIP of its PDFs, block by block, so that memory holds one PDF at a time."""

import zipfile
from collections.abc import Iterator
from datetime import date

from domain import Refused
from domain.base.counts import plural
from domain.documents import files, lookups
from models import Document, db

BATCH = 100
MOST = 20_000  # documents: about a gigabyte
MOST_ON_THE_SPOT = 100  # PDFs that the worker hasn't made; each takes half a second
EPOCH = (1980, 1, 1, 0, 0, 0)  # the same documents make the same archive


def check(first: date, last: date) -> None:
    """Raise Refused for a period that can't be packed in one request."""
    if first > last:
        raise Refused("The first day is after the last one.")
    count = lookups.count(first, last)
    if count == 0:
        raise Refused("No documents were issued in these days.")
    if count > MOST:
        raise Refused(f"That’s {plural(count, 'document')}, the most at once is {MOST:,}. Choose fewer days.")
    waiting = lookups.count(first, last, Document.pdf_key.is_(None))
    if waiting > MOST_ON_THE_SPOT:
        raise Refused(
            f"The worker still has to make {plural(waiting, 'PDF')} of these days. Try again later."
        )


def pack(first: date, last: date) -> Iterator[bytes]:
    """Yield the bytes of the ZIP."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w", zipfile.ZIP_STORED) as packed:  # type: ignore[call-overload]
        for document in _documents(first, last):
            packed.writestr(zipfile.ZipInfo(files.name_of(document), EPOCH), files.read(document))
            yield outlet.taken()
    yield outlet.taken()


def _documents(first: date, last: date) -> Iterator[Document]:
    """Yield the period's documents, read in batches and forgotten once they are packed."""
    after = None
    while rows := lookups.in_period(first, last, after, BATCH):
        after = (rows[-1].issued_on, rows[-1].id)
        yield from rows
        for row in rows:
            db.session.expunge(row)


class _Outlet:
    """A write-only stream for zipfile; without `tell` and `seek` zipfile doesn't try to go back."""

    def __init__(self) -> None:
        self.blocks: list[bytes] = []

    def write(self, block: bytes) -> int:
        """Keep what is written until it is taken."""
        self.blocks.append(bytes(block))
        return len(block)

    def flush(self) -> None:
        """Do nothing: blocks wait until they are taken."""

    def taken(self) -> bytes:
        """Hand over what was written since the last time."""
        taken, self.blocks = b"".join(self.blocks), []
        return taken

"""Numbers of documents: without gaps and unique in their series and year."""

import base64
import uuid

from models import DocumentKind, NumberSeries, db, upsert

SERIES = {DocumentKind.INVOICE: "INV", DocumentKind.CREDIT_NOTE: "CN"}


def series_of(creator_id: uuid.UUID) -> str:
    """Name the series of the documents that a creator is paid with: P and eight letters of their id.

    Should two creators ever have the same, they count it together.

    >>> series_of(uuid.UUID("01890000-0000-7000-8000-000000000001"))
    'PAAAAAAAB'
    """
    return f"P{base64.b32encode(creator_id.bytes[-5:]).decode()}"


def take(series: str, year: int) -> int:
    """Count the series on and return the new number; its row stays locked until the transaction ends.

    One statement counts and locks, so that nobody reads a number that somebody else is about to take; a
    transaction that is rolled back gives its number back. This is the last lock of a transaction; of several
    series, those come first whose names sort first.
    """
    db.session.flush()
    counted = upsert(NumberSeries).values(series=series, year=year, last=1)
    place: int = db.session.execute(
        counted.on_conflict_do_update(
            index_elements=["series", "year"], set_={"last": NumberSeries.last + 1}
        ).returning(NumberSeries.last)
    ).scalar_one()
    return place


def written(series: str, year: int, place: int) -> str:
    """Format a number.

    >>> written("INV", 2026, 123)
    'INV-2026-000123'
    """
    return f"{series}-{year}-{place:06}"

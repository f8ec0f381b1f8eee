"""Writing a document: its number is the last lock of the transaction, and the worker makes its PDF."""

from datetime import date, datetime
from typing import Any

import jobs
from domain.base import clock, months
from domain.documents import numbers, snapshots
from domain.documents.snapshots import Snapshot
from domain.platform import settings
from models import Document, DocumentKind, db


def write(
    kind: DocumentKind,
    series: str,
    currency: str,
    snapshot: Snapshot,
    at: datetime | None = None,
    **more: Any,
) -> Document:
    """Number and store a document of `series`, issued now or `at`; `more` are its other columns."""
    issued_on = shop_day(at or clock.now())
    place = numbers.take(series, issued_on.year)
    document = Document(
        kind=kind, series=series, year=issued_on.year, place=place,
        number=numbers.written(series, issued_on.year, place), issued_on=issued_on, currency=currency,
        net_cents=snapshot.net_cents, tax_cents=snapshot.tax_cents,
        total_cents=snapshot.net_cents + snapshot.tax_cents, snapshot=snapshots.stored(snapshot), **more,
    )  # fmt: skip
    db.session.add(document)
    db.session.flush()
    jobs.enqueue("make_document", key=f"document:{document.id}", document_id=str(document.id))
    return document


def shop_day(moment: datetime) -> date:
    """Find the day of `moment` in the shop's time zone."""
    return moment.astimezone(months.zone_of(settings.current().timezone)).date()

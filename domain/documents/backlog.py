"""Orders that were completed before there were documents get their invoices in that order, in batches."""

from sqlalchemy import Select, select
from sqlalchemy.orm import selectinload

import jobs
from domain.base import sql
from domain.documents import invoices
from models import Document, Order

BATCH = 50  # the counter of the series is locked meanwhile, and whoever pays waits for it


def issue_earlier(after: str = "") -> None:
    """Issue the invoices of the next completed orders without any; enqueue this again while there are more.

    `after` is the id of the last order of the batch before, which makes the next job another one.
    """
    rows = list(sql.locked(_without_invoice().limit(BATCH).options(selectinload(Order.purchases))))
    for order in rows:
        invoices.issue(order)
    if len(rows) == BATCH:
        last = str(rows[-1].id)
        jobs.enqueue("issue_earlier_invoices", key=f"earlier_invoices:{last}", after=last)


def _without_invoice() -> Select[Order]:
    has_one = select(Document.id).where(Document.order_id == Order.id).exists()
    query = select(Order).where(Order.completed_at.is_not(None), ~has_one)
    return query.order_by(Order.completed_at, Order.id)

"""Finding documents: those of an order, one by its number, and the list for admins."""

import re
import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import selectinload

from domain.base import pagination, sql
from domain.base.pagination import Page
from models import Document, Order, Payout, User, db

PAGE_SIZE = 50
_NUMBER = re.compile(r"(INV|CN|P[A-Z2-7]{8})(?:-(2[0-9]{3})(?:-([0-9]{1,9}))?)?", re.ASCII)


def of_order(order_id: uuid.UUID) -> list[Document]:
    """List the documents of an order in the order in which they were issued."""
    query = select(Document).where(Document.order_id == order_id)
    return list(db.session.scalars(query.order_by(Document.created_at, Document.id)))


def find(order_number: str, number: str, reader: User) -> Document | None:
    """Find a document of an order by both numbers, for the buyer and for admins; others find none."""
    if not (order_number.isprintable() and number.isprintable()):
        return None
    query = select(Document).join(Order, Order.id == Document.order_id)
    query = query.where(Order.number == order_number[:64], Document.number == number[:64])
    if not reader.is_admin:
        query = query.where(Order.user_id == reader.id)
    return db.session.scalar(query)


def of_payout(payout_id: uuid.UUID) -> Document | None:
    """Find the document of a payout; None before it is paid."""
    return db.session.scalar(select(Document).where(Document.payout_id == payout_id))


def page(first: date | None, last: date | None, text: str, after: uuid.UUID | None) -> Page[Document]:
    """List documents issued from `first` to `last`, newest first, behind the document `after`.

    With `text` only the document of that number, those of that series and year, or those of the orders whose
    number begins so.
    """
    query = _issued(first, last).options(
        selectinload(Document.order).selectinload(Order.user),
        selectinload(Document.payout).selectinload(Payout.creator),
    )
    if text:
        query = query.where(_named(text.upper()))
    mark = db.session.get(Document, after) if after else None
    last_seen: Any = (mark.issued_on, mark.id) if mark is not None else None
    newest = pagination.newest_first(query, Document.issued_on, Document.id, last_seen)
    rows = db.session.scalars(newest.limit(PAGE_SIZE + 1))
    return pagination.cut(rows, PAGE_SIZE, lambda document: document.id)


def in_period(first: date, last: date, after: tuple[date, uuid.UUID] | None, size: int) -> list[Document]:
    """List the next `size` documents issued from `first` to `last`, oldest first, behind `after`."""
    query = _issued(first, last)
    if after is not None:
        query = query.where(*pagination.beyond(Document.issued_on, Document.id, after))
    return list(db.session.scalars(query.order_by(Document.issued_on, Document.id).limit(size)))


def count(first: date, last: date, *more: ColumnElement[bool]) -> int:
    """Count the documents issued from `first` to `last` that satisfy `more`."""
    query = select(func.count()).select_from(_issued(first, last).where(*more).subquery())
    return db.session.scalar(query) or 0


def invoices_of(order_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Map orders to the number of the invoice that holds."""
    query = select(Document.order_id, Document.number).where(
        Document.order_id.in_(list(order_ids)), Document.counters_id.is_(None)
    )
    query = query.where(Document.dispute_id.is_(None))
    rows = db.session.execute(query.order_by(Document.revision))
    return {order_id: number for order_id, number in rows if order_id is not None}


def _named(text: str) -> ColumnElement[bool]:
    found = _NUMBER.fullmatch(text)
    if found is None:
        orders = select(Order.id).where(sql.begins(Order.number, text))
        return Document.order_id.in_(orders)
    series, year, place = found.groups()
    conditions = [Document.series == series]
    conditions += [Document.year == int(year)] if year else []
    conditions += [Document.place == int(place)] if place else []
    return and_(*conditions)


def _issued(first: date | None, last: date | None) -> Select[Document]:
    query = select(Document)
    if first is not None:
        query = query.where(Document.issued_on >= first)
    if last is not None:
        query = query.where(Document.issued_on <= last)
    return query

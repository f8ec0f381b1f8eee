"""Consistency checks of documents: numbers without gaps, one invoice per order, credited refunds."""

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select
from sqlalchemy.orm import aliased

from domain.ledger.findings import listed
from models import (
    Document,
    DocumentKind,
    Job,
    JobState,
    NumberSeries,
    Order,
    Refund,
    RefundStatus,
    db,
)

EARLIER = "issue_earlier_invoices"  # the job that invoices what was paid before there were documents
_invoice, _note = aliased(Document), aliased(Document)


def numbers_have_no_gaps() -> list[str]:
    """Check that each series and year has the numbers from 1 to the last that was given."""
    series = (Document.series, Document.year)
    numbers = select(*series, func.count().label("count"), func.max(Document.place).label("most"))
    given = numbers.group_by(*series).subquery()
    same = and_(given.c.series == NumberSeries.series, given.c.year == NumberSeries.year)
    wrong = (
        select(NumberSeries.series, NumberSeries.year, func.coalesce(given.c.count, 0), NumberSeries.last)
        .outerjoin(given, same)
        .where(or_(given.c.most.is_(None), given.c.count != given.c.most, given.c.most != NumberSeries.last))
    )
    uncounted = (
        select(given.c.series, given.c.year)
        .outerjoin(NumberSeries, same)
        .where(NumberSeries.series.is_(None))
    )
    return listed(wrong, "series {}-{} has {} documents, its last number is {}") + listed(
        uncounted, "series {}-{} has documents, but no counter"
    )


def orders_are_invoiced() -> list[str]:
    """Check that each completed order has one invoice that holds, over its total, and that no other has any.

    While the worker is issuing the invoices of earlier orders, those that have none yet are left out.
    """
    held = _holding().subquery()
    paid, holds = Order.completed_at.is_not(None), held.c.count.is_not(None)
    differs = or_(
        held.c.count != 1,
        held.c.total != Order.total_cents,
        held.c.tax != Order.tax_cents,
        held.c.currency != Order.currency,
    )
    found = (func.coalesce(column, 0) for column in (held.c.count, held.c.total, held.c.tax))
    query = (
        select(Order.number, *found, Order.total_cents, Order.tax_cents)
        .outerjoin(held, held.c.order_id == Order.id)
        .where(or_(and_(paid, ~holds), and_(holds, or_(~paid, differs))))
    )
    if _issues_earlier():
        query = query.where(holds)
    return listed(query, "order {}: {} invoices over {} with tax of {}, it is over {} with tax of {}")


def credits_match() -> list[str]:
    """Check that each refund of an invoiced payment was credited, and each correction takes all back."""
    uncredited = (
        select(Order.number, Refund.id, Refund.amount_cents, func.coalesce(Document.total_cents, 0))
        .join(Order, Order.id == Refund.order_id)
        .outerjoin(Document, Document.refund_id == Refund.id)
        .where(
            Refund.status == RefundStatus.SUCCEEDED,
            Refund.payment_intent_id == Order.stripe_payment_intent_id,
            Order.completed_at.is_not(None),
            or_(Document.id.is_(None), Document.total_cents != Refund.amount_cents),
        )
    )
    misfits = (
        select(_note.number, _invoice.number)
        .join(_invoice, _invoice.id == _note.counters_id)
        .where(
            or_(
                _note.order_id != _invoice.order_id,
                and_(_is_correction(), _note.total_cents != _invoice.total_cents),
            )
        )
    )
    return (
        listed(uncredited, "order {}: refund {} of {} was credited with {}")
        + listed(_credited_too_much(), "order {} was credited with {} of {}")
        + listed(misfits, "credit note {} doesn’t fit invoice {}")
    )


def _credited_too_much() -> Select:
    """Find orders of which more was credited than was billed, corrections aside.

    By order: a credit note after a dispute that was won counters what was billed again, too.
    """
    is_note = Document.kind == DocumentKind.CREDIT_NOTE
    corrected = select(_note.id).where(_note.counters_id == Document.id, _is_correction()).exists()
    counts = or_(
        and_(is_note, or_(Document.refund_id.is_not(None), Document.dispute_id.is_not(None))),
        and_(~is_note, ~corrected),
    )
    credited = func.sum(case((is_note, Document.total_cents), else_=0))
    billed = func.sum(case((~is_note, Document.total_cents), else_=0))
    return (
        select(Order.number, credited, billed)
        .join(Document, Document.order_id == Order.id)
        .where(counts)
        .group_by(Order.id)
        .having(credited > billed)
    )


def _is_correction() -> ColumnElement[bool]:
    return and_(_note.refund_id.is_(None), _note.dispute_id.is_(None))


def _holding() -> Select:
    """Sum up, by order, the invoices that no correction has taken back, but for those of disputes."""
    taken_back = select(_note.id).where(_note.counters_id == _invoice.id, _is_correction()).exists()
    return (
        select(
            _invoice.order_id,
            func.count().label("count"),
            func.sum(_invoice.total_cents).label("total"),
            func.sum(_invoice.tax_cents).label("tax"),
            func.max(_invoice.currency).label("currency"),
        )
        .where(_invoice.kind == DocumentKind.INVOICE, _invoice.dispute_id.is_(None), ~taken_back)
        .group_by(_invoice.order_id)
    )


def _issues_earlier() -> bool:
    waits = Job.state.in_((JobState.QUEUED, JobState.RUNNING))
    return db.session.scalar(select(Job.id).where(Job.kind == EARLIER, waits).limit(1)) is not None


CHECKS = {
    "documents are numbered without gaps": numbers_have_no_gaps,
    "completed orders have one invoice that holds": orders_are_invoiced,
    "refunds were credited": credits_match,
}

"""Issuing documents: the invoice of an order, credit notes, and corrections.

Every verb runs in a transaction that has locked the order, and is idempotent. A document's number is the last
lock of that transaction.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Select, func, select

from domain import Refused
from domain.documents import line_amounts, numbers, parties, snapshots, writing
from domain.documents.snapshots import Payment, Snapshot
from domain.platform import settings
from models import Dispute, Document, DocumentKind, Order, Refund, RefundLine, User, db

CORRECTED = "The buyer’s particulars were corrected."
RETURNED = "The bank has returned a disputed payment, so what was credited for it is billed again."


def issue(order: Order, at: datetime | None = None) -> Document:
    """Issue the invoice of a completed order, whose purchases are loaded; the one it has, if it has one.

    It is issued now; only the demo's past has another moment, `at`.

    Raises ValueError for an order that was never completed.
    """
    found = invoice_of(order)
    if found is not None:
        return found
    if order.completed_at is None:
        raise ValueError(f"order {order.number} was not completed")
    person = db.session.get_one(User, order.user_id)
    supplied_on = writing.shop_day(order.completed_at)
    snapshot = Snapshot(
        seller=parties.seller(settings.current()),
        buyer=parties.buyer(order, person),
        order_number=order.number,
        supplied_on=supplied_on,
        lines=line_amounts.of_order(order),
        payment=_payment(order, supplied_on),
        coupon_code=order.coupon_code or "",
        note=tax_note(order),
    )
    return _write(DocumentKind.INVOICE, order, snapshot, at)


def credit(refund: Refund) -> Document | None:
    """Issue the credit note of a refund that succeeded, over its lines; the one it has, if it has one.

    None when it gave back a payment that bought nothing, for which there is no invoice, or when it gave back
    nothing.
    """
    found = db.session.scalar(select(Document).where(Document.refund_id == refund.id))
    if found is not None:
        return found
    order = db.session.get_one(Order, refund.order_id)
    invoice = invoice_of(order)
    query = select(RefundLine).where(RefundLine.refund_id == refund.id, RefundLine.gross_cents > 0)
    amounts = {line.purchase_id.hex: (line.net_cents, line.tax_cents) for line in db.session.scalars(query)}
    if invoice is None or not amounts:
        return None
    said = snapshots.of(invoice)
    lines = line_amounts.credited(said.lines, amounts)
    return _counter(invoice, order, replace(said, lines=lines, reason=refund.reason), refund_id=refund.id)


def correct(order: Order, billing: Mapping[str, Any]) -> Document:
    """Replace the invoice of `order` by one for the particulars `billing`: a credit note and a new invoice.

    Amounts, tax and day of supply stay. The order must be locked. Raises Refused when there is no invoice, or
    when part of it was credited already.
    """
    invoice = invoice_of(order)
    if invoice is None:
        raise Refused("This order has no invoice yet.")
    if _notes_of(invoice):
        raise Refused("Part of this order was refunded, so its invoice can’t be corrected any more.")
    said = snapshots.of(invoice)
    _counter(invoice, order, replace(said, reason=CORRECTED))
    person = db.session.get_one(User, order.user_id)
    corrected = replace(said, buyer=parties.described(billing, person), replaces=invoice.number)
    return _write(DocumentKind.INVOICE, order, corrected, revision=invoice.revision + 1)


def settle_dispute(
    dispute: Dispute, order: Order, lost: Mapping[str, tuple[int, int]], reason: str
) -> list[Document]:
    """Issue what is missing for a dispute, so that its documents stand for what is lost: net and tax by line.

    A credit note over more that is lost (`lost` by 32 hex digits of the purchase), an invoice over what the
    bank has returned after all. Idempotent. Nothing for an order without an invoice.
    """
    invoice = invoice_of(order)
    if invoice is None:
        return []
    said, standing = snapshots.of(invoice), _standing_of(dispute)
    missing = {
        line.purchase: line_amounts.difference(lost.get(line.purchase), standing.get(line.purchase))
        for line in said.lines
    }
    back = {key: (-net, -tax) for key, (net, tax) in missing.items() if net + tax < 0}
    made = []
    if credit_lines := line_amounts.credited(
        said.lines, {key: amounts for key, amounts in missing.items() if sum(amounts) > 0}
    ):
        said_now = replace(said, lines=credit_lines, reason=reason)
        made.append(_counter(invoice, order, said_now, dispute_id=dispute.id))
    if lines := line_amounts.credited(said.lines, back):
        said_now = replace(said, lines=lines, replaces="", note=f"{RETURNED} {said.note}".strip())
        revision = _last_revision(order) + 1
        made.append(_write(DocumentKind.INVOICE, order, said_now, revision=revision, dispute_id=dispute.id))
    return made


def invoice_of(order: Order) -> Document | None:
    """Find the invoice of `order` that holds: the last one that no dispute has caused."""
    query = _invoices_of(order).where(Document.dispute_id.is_(None))
    return db.session.scalar(query.order_by(Document.revision.desc()).limit(1))


def tax_note(order: Order) -> str:
    """Find the sentence about the tax of `order` that was frozen with it."""
    return str((order.details or {}).get("tax_sentence", ""))


def _payment(order: Order, paid_on: date) -> Payment | None:
    if not order.total_cents:
        return None
    return Payment(order.payment_method or "", order.payment_last4 or "", paid_on)


def _notes_of(invoice: Document) -> list[Document]:
    query = select(Document).where(Document.counters_id == invoice.id).order_by(Document.place)
    return list(db.session.scalars(query))


def _invoices_of(order: Order) -> Select[Document]:
    return select(Document).where(Document.order_id == order.id, Document.kind == DocumentKind.INVOICE)


def _last_revision(order: Order) -> int:
    invoices = _invoices_of(order).subquery()
    return db.session.scalar(select(func.max(invoices.c.revision))) or 0


def _standing_of(dispute: Dispute) -> dict[str, tuple[int, int]]:
    """Sum up, net and tax by line, the dispute's credit notes less the invoices that restored them."""
    sums: dict[str, tuple[int, int]] = {}
    query = select(Document).where(Document.dispute_id == dispute.id)
    for document in db.session.scalars(query):
        sign = 1 if document.kind == DocumentKind.CREDIT_NOTE else -1
        for line in snapshots.of(document).lines:
            net, tax = sums.get(line.purchase, (0, 0))
            sums[line.purchase] = (net + sign * line.net_cents, tax + sign * line.tax_cents)
    return sums


def _counter(invoice: Document, order: Order, said: Snapshot, **cause: Any) -> Document:
    """Write a credit note against `invoice`; it names those too that came after a dispute was won."""
    query = _invoices_of(order).where(Document.dispute_id.is_not(None)).order_by(Document.revision)
    numbers_ = [invoice.number, *(one.number for one in db.session.scalars(query))]
    return _write(
        DocumentKind.CREDIT_NOTE, order, replace(said, counters=", ".join(numbers_), replaces=""),
        revision=invoice.revision, counters_id=invoice.id, **cause,
    )  # fmt: skip


def _write(
    kind: DocumentKind, order: Order, snapshot: Snapshot, at: datetime | None = None, **more: Any
) -> Document:
    return writing.write(kind, numbers.SERIES[kind], order.currency, snapshot, at, order_id=order.id, **more)

"""Consistency checks of refunds: within what was paid, and lines and refunds say the same."""

from collections.abc import Callable

from sqlalchemy import func, or_, select

from domain.ledger.dispute_checks import held_by_line
from domain.ledger.findings import listed
from models import Order, Purchase, Refund, RefundLine, RefundRequest, RefundStatus, RequestDecision

UNDONE = (RefundStatus.FAILED, RefundStatus.CANCELED)


def refunds_were_paid() -> list[str]:
    """Check that the refunds of a payment are in the order's currency and don't exceed its total."""
    sent = func.coalesce(func.sum(Refund.amount_cents), 0)
    query = (
        select(
            Order.number, Refund.payment_intent_id, sent, Refund.currency, Order.total_cents, Order.currency
        )
        .join(Order, Order.id == Refund.order_id)
        .where(Refund.status.not_in(UNDONE))
        .group_by(Order.id, Refund.payment_intent_id, Refund.currency)
        .having(or_(sent > Order.total_cents, Refund.currency != Order.currency))
    )  # fmt: skip
    return listed(query, "order {}: payment {} has {} {} sent back of {} {}")


def lines_match_refunds() -> list[str]:
    """Check that lines count as refunded what booked refunds and lost disputes say; refunds, their lines.

    The tax of open disputes counts as returned, too.
    """
    booked = (
        select(
            RefundLine.purchase_id.label("id"),
            func.sum(RefundLine.gross_cents).label("gross"),
            func.sum(RefundLine.tax_cents).label("tax"),
        )
        .join(Refund, Refund.id == RefundLine.refund_id)
        .where(Refund.status.not_in(UNDONE))
        .group_by(RefundLine.purchase_id)
        .subquery()
    )
    lost, open_ = (held_by_line(lost=lost).subquery() for lost in (True, False))
    gross = func.coalesce(booked.c.gross, 0) + func.coalesce(lost.c.gross, 0)
    tax = sum((func.coalesce(part.c.tax, 0) for part in (lost, open_)), func.coalesce(booked.c.tax, 0))
    wrong = (
        select(Purchase.id, Purchase.refunded_cents, gross, Purchase.returned_tax_cents, tax)
        .outerjoin(booked, booked.c.id == Purchase.id)
        .outerjoin(lost, lost.c.id == Purchase.id)
        .outerjoin(open_, open_.c.id == Purchase.id)
        .where(or_(Purchase.refunded_cents != gross, Purchase.returned_tax_cents != tax))
    )
    total = func.sum(RefundLine.gross_cents)
    sums = (
        select(Refund.id, Refund.amount_cents, total)
        .join(RefundLine, RefundLine.refund_id == Refund.id)
        .group_by(Refund.id)
        .having(total != Refund.amount_cents)
    )
    return listed(
        wrong, "purchase {}: refunded is {}, its refunds say {}; the tax in it is {} and {}"
    ) + listed(sums, "refund {} is over {}, its lines over {}")


def approved_requests_were_paid() -> list[str]:
    """Check that each approved request has a refund of its line."""
    paid = select(RefundLine.id).where(
        RefundLine.refund_id == RefundRequest.refund_id, RefundLine.purchase_id == RefundRequest.purchase_id
    )
    unpaid = select(RefundRequest.id, RefundRequest.purchase_id).where(
        RefundRequest.decision == RequestDecision.APPROVED, ~paid.exists()
    )
    return listed(unpaid, "request {}: it is approved, but purchase {} has no refund by it")


CHECKS: dict[str, Callable[[], list[str]]] = {
    "refunds stay within what was paid": refunds_were_paid,
    "approved requests were refunded": approved_requests_were_paid,
    "lines were refunded what their refunds say": lines_match_refunds,
}

"""Booking: what a refund means for lines, order, earnings, access, gifts and coupons, and its undoing.

A refund is booked in the transaction that writes it, before Stripe is asked: access ends at once, and nobody
can ask for the same money twice. When Stripe refuses or a bank sends the money back, all of it is undone by
entries of their own. Callers have locked the order, with its lines, shares and products loaded.
"""

from datetime import datetime

from domain.base import clock
from domain.catalog import counters, kinds
from domain.coupons import redemptions
from domain.gifts import orders as gifts
from domain.ledger import entries, sold_again
from domain.ledger.states import BOUGHT
from domain.platform import settings
from models import Order, OrderStatus, Purchase, PurchaseStatus, Refund, db


def book(refund: Refund, order: Order) -> None:
    """Count the lines of `refund` as paid back: earnings are taken back, lines without a rest withdrawn.

    A line that was never delivered (failed) earned and opened nothing, so that only its amounts change.
    """
    now, lines = clock.now(), {line.id: line for line in order.purchases}
    for part in sorted(refund.lines, key=lambda one: one.purchase_id):
        purchase = lines[part.purchase_id]
        if purchase.status in BOUGHT:
            entries.take_back(purchase, part.net_cents, f"refund:{part.id.hex}", now)
        purchase.refunded_cents += part.gross_cents
        purchase.returned_tax_cents += part.tax_cents
        purchase.refunded_at = now
        if purchase.status == PurchaseStatus.COMPLETED and purchase.left_cents == 0:
            withdraw_line(purchase)
    restate(order, now)
    if order.status == OrderStatus.REFUNDED and settings.current().refund_returns_coupon:
        redemptions.give_back(order)


def undo(refund: Refund, order: Order) -> list[Purchase]:
    """Undo what was booked for a refund that failed; the lines that can't be opened again are returned.

    Their buyer has bought the product anew meanwhile.
    """
    now, lines = clock.now(), {line.id: line for line in order.purchases}
    shut: list[Purchase] = []
    for part in sorted(refund.lines, key=lambda one: one.purchase_id):
        purchase = lines[part.purchase_id]
        purchase.refunded_cents -= part.gross_cents
        purchase.returned_tax_cents -= part.tax_cents
        if not purchase.refunded_cents:
            purchase.refunded_at = None
        if purchase.status in BOUGHT:
            entries.give_back(purchase, f"refund:{part.id.hex}", f"undo:{part.id.hex}", now)
        if purchase.status == PurchaseStatus.REFUNDED and not restore_line(purchase):
            shut.append(purchase)
    restate(order, now)
    redemptions.consume(order)
    return shut


def withdraw_line(purchase: Purchase) -> None:
    """Take back exactly what a line delivered, once all of its money is gone. Idempotent."""
    purchase.status = PurchaseStatus.REFUNDED
    db.session.flush()
    if purchase.is_gift:
        gifts.end(purchase)
    else:
        kinds.kind_of(purchase.product).withdraw(purchase)
    counters.recount_purchases(purchase.product_id)


def restore_line(purchase: Purchase) -> bool:
    """Deliver a withdrawn line again; False, without a change, if the same was bought anew."""
    if sold_again.among([purchase]):
        return False
    purchase.status = PurchaseStatus.COMPLETED
    db.session.flush()
    if purchase.is_gift:
        gifts.resume(purchase)
    else:
        kinds.kind_of(purchase.product).deliver(purchase)
    counters.recount_purchases(purchase.product_id)
    return True


def restate(order: Order, at: datetime) -> None:
    """Set the status of a paid order by what of its lines went back."""
    bought = [line for line in order.purchases if line.status in BOUGHT]
    if not bought:
        return
    if all(line.status == PurchaseStatus.REFUNDED for line in bought):
        order.status, order.refunded_at = OrderStatus.REFUNDED, at
    elif any(line.refunded_cents or line.status == PurchaseStatus.REFUNDED for line in bought):
        order.status, order.refunded_at = OrderStatus.PARTIALLY_REFUNDED, at
    else:
        order.status, order.refunded_at = OrderStatus.COMPLETED, None
    db.session.flush()

"""Outcomes: a lost dispute counts as a refund, until it is won after all; documents follow both."""

from domain.base import clock
from domain.disputes import states
from domain.disputes.held import held_by
from domain.documents import invoices
from domain.platform import alerts
from domain.platform.audit_actions import AuditAction
from domain.refunds import booking
from models import Dispute, Order, Purchase, PurchaseStatus

SHUT = (
    "A lost dispute was won after all, but its buyer has bought “{title}” anew meanwhile."
    " Both payments are kept: refund one of them."
)


def follow(dispute: Dispute, order: Order) -> None:
    """Count what the bank holds as refunded once the dispute is lost, and the other way round. Idempotent.

    A line of which nothing is left is withdrawn; one that has something left again is delivered anew.
    """
    now, lines = clock.now(), {line.id: line for line in order.purchases}
    lost = states.loses(dispute.status, dispute.is_lost)
    if lost != dispute.is_lost:
        for purchase_id, held in held_by(dispute).items():
            _move(lines[purchase_id], held.gross_cents if lost else -held.gross_cents)
        dispute.is_lost = lost
    touched = {line.purchase_id for movement in dispute.movements for line in movement.lines}
    for purchase in sorted((lines[key] for key in touched), key=lambda line: line.product_id):
        _settle_line(purchase, order)
        purchase.refunded_at = (purchase.refunded_at or now) if purchase.refunded_cents else None
    if touched:
        booking.restate(order, now)


def issue_documents(dispute: Dispute, order: Order) -> None:
    """Issue the credit note of what is lost, or the invoice of what came back. Idempotent."""
    lost = held_by(dispute) if dispute.is_lost else {}
    amounts = {purchase_id.hex: (held.net_cents, held.tax_cents) for purchase_id, held in lost.items()}
    invoices.settle_dispute(dispute, order, amounts, "The buyer’s bank returned the payment to the buyer.")


def _move(purchase: Purchase, cents: int) -> None:
    """Move `cents` from what the bank holds to what was refunded, or back if it is negative."""
    purchase.refunded_cents += cents
    purchase.disputed_cents -= cents


def _settle_line(purchase: Purchase, order: Order) -> None:
    is_gone = purchase.refunded_cents == purchase.paid_cents
    if is_gone and purchase.status == PurchaseStatus.COMPLETED:
        booking.withdraw_line(purchase)
    elif not is_gone and purchase.status == PurchaseStatus.REFUNDED and not booking.restore_line(purchase):
        sentence = SHUT.format(title=purchase.product_snapshot["title"][:100])
        if sentence not in (order.problem or ""):
            alerts.raise_and_stop(order, AuditAction.DISPUTE_WON, sentence)

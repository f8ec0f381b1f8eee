"""Refunds. The row is written first; a job calls Stripe with the row's id as the idempotency key."""

import uuid
from dataclasses import dataclass

from sqlalchemy import select
from uuid_utils.compat import uuid7

import jobs
import payments
from domain.base import clock, sql
from domain.base.addresses import path_to
from domain.documents import invoices
from domain.ledger import order_events, order_lock
from domain.platform import alerts, audit, notifications
from domain.platform.audit_actions import AuditAction
from models import NotificationKind, Order, OrderStatus, Purchase, Refund, RefundStatus, db
from payments import Session, StripeRefund

OVER = (RefundStatus.FAILED, RefundStatus.CANCELED)  # Stripe never changes these again


@dataclass(frozen=True)
class RefundRequest:
    """A refund to request from Stripe, or to look up: minor units of the payment's currency."""

    id: uuid.UUID
    payment_intent: str
    amount: int
    stripe_id: str | None


def return_payment(order: Order, session: Session, reason: str) -> bool:
    """Refund the whole payment of `session`, which has no refund yet; False if nothing was paid."""
    return _request(order, session, session.amount_total, reason)


def return_line(order: Order, session: Session, line: Purchase, reason: str) -> bool:
    """Refund what was paid for one line that can't be delivered; False if that was nothing."""
    said = f"{reason}: {line.product_snapshot['title'][:120]}"
    return _request(order, session, line.paid_cents, said, line.id)


def _request(
    order: Order, session: Session, cents: int, reason: str, purchase_id: uuid.UUID | None = None
) -> bool:
    if session.payment_intent is None or cents == 0:
        return False
    refund = Refund(
        id=uuid7(),
        order_id=order.id,
        purchase_id=purchase_id,
        payment_intent_id=session.payment_intent,
        amount_cents=cents,
        currency=session.currency.lower(),
        reason=reason,
    )
    db.session.add(refund)
    jobs.enqueue("refund_payment", key=f"refund:{refund.id}", refund_id=str(refund.id))
    return True


def begin(refund_id: str) -> RefundRequest | None:
    """Plan the call for a pending refund; None once Stripe has decided."""
    refund = db.session.get(Refund, uuid.UUID(refund_id))
    if refund is None or refund.status != RefundStatus.PENDING:
        return None
    return RefundRequest(refund.id, refund.payment_intent_id, refund.amount_cents, refund.stripe_refund_id)


def send(request: RefundRequest) -> StripeRefund | str | None:
    """Request the refund, or retrieve the one requested before; a refusal is returned as its sentence."""
    if request.stripe_id is not None:
        return payments.find_refund(request.stripe_id)
    try:
        return payments.refund(request.payment_intent, request.amount, str(request.id))
    except payments.PaymentRefused as refusal:
        return str(refusal)


def end(request: RefundRequest, found: StripeRefund | str | None) -> None:
    """Store Stripe's answer; a refused refund raises an alert."""
    if isinstance(found, StripeRefund):
        apply(found)
    elif found is not None:
        refund = db.session.get_one(Refund, request.id)
        order = order_lock.lock(refund.order_id)
        sql.reload(refund)
        if refund.status != RefundStatus.PENDING:
            return
        refund.status = RefundStatus.FAILED
        alerts.raise_and_stop(
            order, AuditAction.REFUND_REFUSED, f"Stripe refused a refund: {found}"[: alerts.MOST_OF_PROBLEM]
        )


def apply(found: StripeRefund) -> bool:
    """Update our row from Stripe's refund; False, without any change, for one that was made elsewhere."""
    refund = _row_of(found)
    if refund is None:
        return False
    order = order_lock.lock(refund.order_id)
    sql.reload(refund)
    if refund.stripe_refund_id not in (None, found.id):
        return False
    # An older picture undoes nothing: what was pending has been decided since, and what failed stays failed.
    is_over = refund.stripe_refund_id is not None and refund.status in OVER
    refund.stripe_refund_id = found.id
    if not is_over and RefundStatus(found.status) not in (refund.status, RefundStatus.PENDING):
        _change(refund, order, found)
    return True


def has_refund(payment_intent: str | None) -> bool:
    """Tell whether we requested a refund of that payment."""
    query = select(Refund.id).where(Refund.payment_intent_id == payment_intent)
    return payment_intent is not None and db.session.scalar(query.limit(1)) is not None


def status_of(stripe_id: str) -> str | None:
    """Return the status of our refund with that id at Stripe; None if we requested none."""
    return db.session.scalar(select(Refund.status).where(Refund.stripe_refund_id == stripe_id))


def is_foreign(found: StripeRefund) -> bool:
    """Tell whether the refunded payment is no concern of ours: it names no order, and none has it."""
    if found.order_number != "" or has_refund(found.payment_intent):
        return False
    query = select(Order.id).where(Order.stripe_payment_intent_id == found.payment_intent)
    return db.session.scalar(query.limit(1)) is None


def _change(refund: Refund, order: Order, found: StripeRefund) -> None:
    refund.status = RefundStatus(found.status)
    audit.record(None, AuditAction(f"refund_{refund.status.value}"), order, refund.reason)
    if refund.status == RefundStatus.SUCCEEDED and order.status == OrderStatus.FAILED:
        order.status = OrderStatus.REFUNDED
        order.refunded_at = clock.now()
    elif refund.status != RefundStatus.SUCCEEDED and order.status == OrderStatus.REFUNDED:
        order.status, order.refunded_at = OrderStatus.FAILED, None
    if refund.status == RefundStatus.SUCCEEDED:
        paid_back = {refund.purchase_id: refund.amount_cents} if refund.purchase_id else None
        invoices.credit(refund, paid_back)
        _tell(refund, order)
        order_events.write_refund(refund, order)
    elif refund.status in OVER:
        sentence = f"A refund failed and the money came back (refund {found.id[:255]}): {refund.reason}."
        alerts.raise_and_stop(order, AuditAction.REFUND_CAME_BACK, sentence)


def _tell(refund: Refund, order: Order) -> None:
    """Notify the buyer, and the creators whose earnings it lowers; refunding a double payment lowers none."""
    notifications.tell(
        order.user_id, NotificationKind.REFUND, f"Your refund for order {order.number} is on its way",
        f"{refund.reason}. The money goes back the way you paid. It can take a few days to show.",
        path_to("orders.show", number=order.number), "See the order", key=f"refund:{refund.id}",
    )  # fmt: skip
    for purchase in order.purchases:
        if purchase.refunded_cents:
            title = purchase.product_snapshot["title"][:150]
            for creator_id in {share.creator_id for share in purchase.shares}:
                notifications.tell(
                    creator_id, NotificationKind.REFUND, f"A sale of “{title}” was refunded",
                    "Your share has been deducted.", path_to("studio.earnings"), "View your earnings",
                    key=f"refund:{refund.id}:{purchase.id}",
                )  # fmt: skip


def _row_of(found: StripeRefund) -> Refund | None:
    """Find our row of a refund: by its id at Stripe, or by the row it names, which may have another."""
    refund = db.session.scalar(select(Refund).where(Refund.stripe_refund_id == found.id))
    if refund is None and found.our_id is not None:
        try:
            refund = db.session.get(Refund, uuid.UUID(found.our_id))
        except ValueError:
            return None
    return refund

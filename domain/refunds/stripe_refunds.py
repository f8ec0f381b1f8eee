"""Refunds at Stripe: a job requests ours, with the row's id as the idempotency key; events apply them all.

A refund that was made elsewhere, such as in Stripe's dashboard, is adopted: it gets a row and is booked.
"""

import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import selectinload

import payments
from domain.base import clock, sql
from domain.base.addresses import path_to
from domain.documents import invoices
from domain.ledger import order_events, order_lock
from domain.ledger.states import BOUGHT
from domain.platform import alerts, audit, notifications
from domain.platform.audit_actions import AuditAction
from domain.refunds import booking, requesting
from models import (
    NotificationKind,
    Order,
    OrderStatus,
    Purchase,
    Refund,
    RefundCause,
    RefundLine,
    RefundStatus,
    db,
)
from payments import StripeRefund

OVER = (RefundStatus.FAILED, RefundStatus.CANCELED)  # Stripe never changes these again
WAITING = (RefundStatus.PENDING, RefundStatus.REQUIRES_ACTION)
BOUGHT_NOTHING = (RefundCause.DOUBLE_PAYMENT, RefundCause.UNDELIVERABLE)


@dataclass(frozen=True)
class RefundCall:
    """A refund to request from Stripe, or to look up: minor units of the payment's currency.

    `reason` is Stripe's word for it.
    """

    id: uuid.UUID
    payment_intent: str
    amount: int
    stripe_id: str | None
    reason: str


def begin(refund_id: str) -> RefundCall | None:
    """Plan the call for a waiting refund; None once Stripe has decided."""
    refund = db.session.get(Refund, uuid.UUID(refund_id))
    if refund is None or refund.status not in WAITING:
        return None
    reason = "duplicate" if refund.cause in BOUGHT_NOTHING else "requested_by_customer"
    return RefundCall(
        refund.id, refund.payment_intent_id, refund.amount_cents, refund.stripe_refund_id, reason
    )


def send(call: RefundCall) -> StripeRefund | str | None:
    """Request the refund, or retrieve the one requested before; a refusal is returned as its sentence."""
    if call.stripe_id is not None:
        return payments.find_refund(call.stripe_id)
    try:
        return payments.refund(call.payment_intent, call.amount, str(call.id), call.reason)
    except payments.PaymentRefused as refusal:
        return str(refusal)


def end(call: RefundCall, found: StripeRefund | str | None) -> None:
    """Store Stripe's answer; a refused refund is undone and raises an alert."""
    if isinstance(found, StripeRefund):
        apply(found)
    elif found is not None:
        refund = _whole(Refund.id == call.id)
        assert refund is not None  # noqa: S101 - refunds are never deleted
        order = order_lock.lock(refund.order_id)
        sql.reload(refund)
        if refund.status in WAITING and refund.stripe_refund_id is None:
            refund.status, refund.decided_at = RefundStatus.FAILED, clock.now()
            _undo(refund, order, AuditAction.REFUND_REFUSED, f"Stripe refused a refund: {found}")


def apply(found: StripeRefund) -> bool:
    """Bring our row up to date with Stripe's refund, or adopt one that was made elsewhere.

    False, without any change, for one that can't be booked: its payment isn't ours, or it is more than what
    is left of the order.
    """
    refund = _row_of(found)
    if refund is None:
        return _adopt(found)
    order = order_lock.lock(refund.order_id)
    sql.reload(refund)
    if refund.stripe_refund_id not in (None, found.id):
        return False
    # An older picture undoes nothing: what was pending has been decided since, and what failed stays failed.
    is_over = refund.stripe_refund_id is not None and refund.status in OVER
    refund.stripe_refund_id = found.id
    if not is_over:
        _change(refund, order, _status(found))
    return True


def _adopt(found: StripeRefund) -> bool:
    """Book a refund that was made at Stripe; False if it concerns no payment of ours, or too much."""
    order_id = _order_of(found.payment_intent)
    if order_id is None:
        return False
    order = order_lock.lock(order_id)
    if _row_of(found) is not None:  # somebody else has adopted it while we waited
        return apply(found)
    status, said = _status(found), "Refunded in Stripe’s dashboard"
    refund = requesting.adopt(order, found.amount, found.currency, found.payment_intent or "", said, status)
    if refund is None:
        return False
    refund.stripe_refund_id = found.id
    audit.record(None, AuditAction.REFUND_ADOPTED, order, found.id[:255])
    if status in OVER:
        refund.status, refund.decided_at = status, clock.now()
    else:
        _change(refund, order, status)
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


def _status(found: StripeRefund) -> RefundStatus:
    """Read Stripe's word; one that isn't known decides nothing yet."""
    known = found.status in set(RefundStatus)
    return RefundStatus(found.status) if known else RefundStatus.PENDING


def _change(refund: Refund, order: Order, status: RefundStatus) -> None:
    """Follow Stripe from one status to another."""
    if status == refund.status or (status in WAITING and refund.status not in WAITING):
        return
    refund.status = status
    audit.record(None, AuditAction(f"refund_{status.value}"), order, refund.reason)
    if status in WAITING:
        return
    refund.decided_at = clock.now()
    if status == RefundStatus.SUCCEEDED:
        if order.status == OrderStatus.FAILED:
            order.status, order.refunded_at = OrderStatus.REFUNDED, clock.now()
        invoices.credit(refund)
        _tell(refund, order)
        order_events.write_refund(refund, order)
    else:
        sentence = f"A refund failed and the money came back (refund {(refund.stripe_refund_id or '')[:255]})"
        _undo(refund, order, AuditAction.REFUND_CAME_BACK, f"{sentence}: {refund.reason}.")


def _undo(refund: Refund, order: Order, action: AuditAction, sentence: str) -> None:
    """Undo what was booked for a refund, and raise an alert."""
    if order.status == OrderStatus.REFUNDED and order.completed_at is None:
        order.status, order.refunded_at = OrderStatus.FAILED, None
    for line in booking.undo(refund, order):
        title = line.product_snapshot["title"][:100]
        sentence = f"{sentence} “{title}” was bought anew meanwhile, so it is paid twice."
    alerts.raise_and_stop(order, action, sentence[: alerts.MOST_OF_PROBLEM])


def _tell(refund: Refund, order: Order) -> None:
    """Notify the buyer, and the creators whose earnings it lowers; refunding a double payment lowers none."""
    notifications.tell(
        order.user_id, NotificationKind.REFUND, f"Your refund for order {order.number} is on its way",
        f"{refund.reason}. The money goes back the way you paid. It can take a few days to show.",
        path_to("orders.show", number=order.number), "See the order", key=f"refund:{refund.id}",
    )  # fmt: skip
    paid_back = {line.purchase_id for line in refund.lines}
    for purchase in order.purchases:
        if purchase.id in paid_back and purchase.status in BOUGHT:
            _tell_creators(refund, purchase)


def _tell_creators(refund: Refund, purchase: Purchase) -> None:
    title = purchase.product_snapshot["title"][:150]
    for creator_id in {share.creator_id for share in purchase.shares}:
        notifications.tell(
            creator_id, NotificationKind.REFUND, f"A sale of “{title}” was refunded",
            "Your share has been deducted.", path_to("studio.earnings"), "View your earnings",
            key=f"refund:{refund.id}:{purchase.id}",
        )  # fmt: skip


def _row_of(found: StripeRefund) -> Refund | None:
    """Find our row of a refund: by its id at Stripe, or by the row it names, which may have another."""
    refund = _whole(Refund.stripe_refund_id == found.id)
    if refund is None and found.our_id is not None:
        try:
            refund = _whole(Refund.id == uuid.UUID(found.our_id))
        except ValueError:
            return None
    return refund


def _whole(condition: ColumnElement[bool]) -> Refund | None:
    """Load a refund with its lines."""
    query = (
        select(Refund).where(condition).options(selectinload(Refund.lines).joinedload(RefundLine.purchase))
    )
    return db.session.scalar(query)


def _order_of(payment_intent: str | None) -> uuid.UUID | None:
    """Find the order of a payment: the one it completed, or one that has sent it back before."""
    if payment_intent is None:
        return None
    paid = select(Order.id).where(Order.stripe_payment_intent_id == payment_intent)
    sent_back = select(Refund.order_id).where(Refund.payment_intent_id == payment_intent).limit(1)
    return db.session.scalar(paid) or db.session.scalar(sent_back)

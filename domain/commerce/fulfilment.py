"""Fulfilment: one idempotent verb for the webhook, the success page and reconciliation.

`fulfil` may be called any number of times, in any order and concurrently: it locks the order, reads the state
of Stripe's own object, and does what is still to be done.
"""

import uuid
from datetime import datetime, timedelta

from sqlalchemy import select

import mail
from domain.base import clock
from domain.base.addresses import path_to
from domain.base.log import log
from domain.cart import carts
from domain.catalog import counters, kinds
from domain.commerce import (
    order_consents,
    payment_agreement,
    refund_terms,
    stripe_alerts,
    undeliverable,
)
from domain.coupons import redemptions
from domain.documents import invoices
from domain.gifts import orders as gifts
from domain.ledger import entries, order_events, order_lock
from domain.ledger.states import SETTLED
from domain.platform import alerts, audit, settings
from domain.platform.audit_actions import AuditAction
from domain.platform.event_registry import EventName
from domain.refunds import requesting, stripe_refunds, withdrawal
from models import (
    Order,
    OrderStatus,
    Purchase,
    PurchaseStatus,
    db,
)
from payments import Session

# Why a payment is sent back: for the refund, and in a sentence for admins.
TWICE = "Paid twice", "Paid twice for one product. The second payment is being refunded."
LATE = "Paid after the checkout had closed. What was ordered has been delivered, at the price of then."
USED_UP = (
    "The coupon was used up",
    "Paid after the checkout had closed, when the last use of its coupon was gone."
    " The payment is being refunded.",
)


def fulfil(session: Session) -> Order | None:
    """Bring the order of `session` to the state that Stripe reports.

    Paid (or nothing due): its lines are delivered. A delayed payment method: the order waits, or has failed.
    Expired: the order is cancelled. Returns None for a session that isn't ours.
    """
    order_id = _order_of(session)
    if order_id is None:
        log.info("session %s belongs to no order of ours", session.id)
        return None
    order = order_lock.lock(order_id)
    if session.is_settled:
        _take_payment(order, session)
    elif session.has_failed:
        _fail(order, session)
    elif session.status == "complete":
        _wait(order, session)
    elif session.status == "expired":
        cancel(order, session.id)
    return order


def cancel(order: Order, session_id: str | None) -> None:
    """Cancel an unpaid order; a session older than the order's present one changes nothing."""
    if order.status == OrderStatus.PENDING and order.stripe_session_id == session_id:
        _close(order, OrderStatus.CANCELLED)


def stop_for_review(order: Order, sentence: str) -> None:
    """Stop the order until an admin has checked it: nothing is granted, one alert is raised."""
    if sentence not in (order.problem or ""):
        alerts.raise_and_stop(order, AuditAction.ORDER_PROBLEM, sentence)


def _order_of(session: Session) -> uuid.UUID | None:
    """Find the order that opened this session, or that the session names."""
    found = db.session.scalar(select(Order.id).where(Order.stripe_session_id == session.id))
    if found is not None:
        return found
    try:
        named = uuid.UUID(session.client_reference_id or "")
    except ValueError:
        return None
    return db.session.scalar(select(Order.id).where(Order.id == named))


def _take_payment(order: Order, session: Session) -> None:
    """Complete the order, once; a payment that is being refunded buys nothing, whatever came after."""
    if stripe_refunds.has_refund(session.payment_intent):
        return
    if order.status in SETTLED:
        if session.id != order.stripe_session_id:
            _return(order, session, TWICE)
        return
    wrong = payment_agreement.disagreement(order, session)
    if wrong is not None:
        stop_for_review(order, wrong)
        return
    left_out = undeliverable.lines(order)
    if len(left_out) == len(order.purchases):
        _return(order, session, TWICE)
    elif not redemptions.consume(order):
        _return(order, session, USED_UP)
    else:
        was_closed = order.status != OrderStatus.PENDING
        _complete(order, session, left_out)
        if was_closed:
            alerts.raise_for(order, AuditAction.LATE_PAYMENT, LATE)


def _return(order: Order, session: Session, why: tuple[str, str]) -> None:
    """Refund a payment that buys nothing, and raise an alert; `why` for the refund, and in a sentence."""
    reason, sentence = why
    if not requesting.return_payment(order, session, reason):
        return
    if order.status not in SETTLED:
        _close(order, OrderStatus.FAILED)
        order.stripe_session_id = session.id
        order.stripe_payment_intent_id = session.payment_intent
    alerts.raise_for(order, AuditAction.DOUBLE_PAYMENT, sentence)


def _complete(order: Order, session: Session, left_out: list[Purchase]) -> None:
    """Deliver the order, but for the lines `left_out`, whose money is sent back."""
    now = clock.now()
    order.status = OrderStatus.COMPLETED
    order.completed_at = now
    order.stripe_session_id = session.id
    order.stripe_payment_intent_id = session.payment_intent
    order.checkout_url = order.confirming_since = None
    order.problem = stripe_alerts.after_completion(order)
    payment_agreement.take_over(order, session)
    bought = [line for line in order.purchases if line not in left_out]
    for line in order.purchases:
        line.status = PurchaseStatus.COMPLETED if line in bought else PurchaseStatus.FAILED
    db.session.flush()
    order_lock.lock_products(bought)
    for line in sorted(bought, key=lambda line: line.product_id):
        _hand_over(line, now)
    _empty_cart(order, bought)
    for line in left_out:
        _send_back(order, session, line)
    audit.record(order.user, AuditAction.ORDER_COMPLETED, order)
    order_events.write(EventName.PURCHASE_COMPLETED, order, bought)
    invoice = invoices.issue(order)
    _send_receipt(order, invoice.number)


def _empty_cart(order: Order, bought: list[Purchase]) -> None:
    """Remove what was bought from the buyer's cart: products for themselves, and the gifts of this order."""
    own = [line.product_id for line in bought if not line.is_gift]
    gift_items = [line.cart_item_id for line in bought if line.cart_item_id is not None]
    carts.remove_bought(order.user, own, gift_items)


def _send_receipt(order: Order, invoice: str) -> None:
    locks = [kinds.lock_of(purchase) for purchase in order.purchases]
    said = [lock.sentence if lock else "" for lock in locks]
    terms = refund_terms.of(order)
    back = (terms.sentence, terms.path) if terms else None
    consents = order_consents.repeat(order)
    withdraw = path_to("withdrawals.declare", order=order.number) if withdrawal.is_open(order) else ""
    mail.receipt(order.user, order, _landings(order), said, back, invoice, consents, withdraw)


def _send_back(order: Order, session: Session, line: Purchase) -> None:
    """Refund a line that can't be delivered, and raise an alert."""
    title = line.product_snapshot["title"]
    is_gone = line.product.deleted_at is not None
    if requesting.return_line(order, session, line, "No longer available" if is_gone else "Paid twice"):
        alerts.raise_for(
            order, AuditAction.DOUBLE_PAYMENT,
            f"“{title[:100]}” was {'deleted' if is_gone else 'bought elsewhere'} before this payment came in."
            " Its price is being refunded.",
        )  # fmt: skip


def _hand_over(purchase: Purchase, now: datetime) -> None:
    """Credit one purchase to its creators, count it, and deliver it: by its kind, or as a gift by mail."""
    entries.credit(purchase, now, timedelta(days=settings.current().refund_window_days))
    counters.recount_purchases(purchase.product_id)
    if purchase.is_gift:
        gifts.deliver(purchase)
    else:
        kinds.kind_of(purchase.product).deliver(purchase)


def _landings(order: Order) -> list[kinds.Link]:
    return [kinds.landing(purchase) for purchase in order.purchases]


def _wait(order: Order, session: Session) -> None:
    """Mark a delayed payment as being confirmed, for days perhaps: no access yet, no second payment."""
    if order.status != OrderStatus.PENDING or order.confirming_since is not None:
        return
    order.stripe_session_id = session.id
    order.confirming_since = clock.now()
    order.checkout_url = None
    mail.payment_pending(order.user, order, _landings(order))


def _fail(order: Order, session: Session) -> None:
    if order.status != OrderStatus.PENDING or order.stripe_session_id not in (None, session.id):
        return
    order.stripe_session_id = session.id
    _close(order, OrderStatus.FAILED)
    mail.payment_failed(order.user, order, _landings(order))
    order_events.write(EventName.PAYMENT_FAILED, order, order.purchases)


def _close(order: Order, status: OrderStatus) -> None:
    order.status = status
    order.checkout_url = order.confirming_since = None
    for purchase in order.purchases:
        purchase.status = PurchaseStatus.FAILED
    redemptions.release(order)

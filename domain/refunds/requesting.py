"""Requesting a refund: the row with its lines is written and booked, and a job sends it to Stripe."""

import uuid
from collections.abc import Iterable, Mapping

from uuid_utils.compat import uuid7

import jobs
from domain import Refused
from domain.base import clock
from domain.base.money import money, step
from domain.ledger import portions
from domain.ledger.portions import Portion
from domain.ledger.states import BOUGHT, SETTLED
from domain.platform import audit
from domain.platform.audit_actions import AuditAction
from domain.refunds import booking
from models import (
    Order,
    Purchase,
    PurchaseStatus,
    Refund,
    RefundCause,
    RefundLine,
    RefundStatus,
    User,
    db,
)
from payments import Session

MOST_OF_REASON = 200


def request(
    order: Order, gross: Mapping[uuid.UUID, int], reason: str, cause: RefundCause, actor: User | None
) -> Refund:
    """Refund `gross` minor units, tax included, by line (the purchase's id); `actor` None: by a rule.

    The order is locked. The refund is booked at once; Stripe is asked by a job. A line that cost nothing may
    be named with 0: it is withdrawn. Raises Refused, with a sentence, when that can't be paid back.
    """
    chosen = portions_of(order, gross)
    refund = _write(order, chosen, reason, cause, actor, order.stripe_payment_intent_id or "")
    audit.record(actor, AuditAction.REFUND_REQUESTED, order, _said(refund))
    return refund


def return_payment(order: Order, session: Session, reason: str) -> bool:
    """Refund the whole payment of `session`, which bought nothing; False if nothing was paid."""
    if session.payment_intent is None or session.amount_total == 0:
        return False
    refund = Refund(
        id=uuid7(), order_id=order.id, payment_intent_id=session.payment_intent,
        amount_cents=session.amount_total, currency=session.currency.lower(), reason=reason[:MOST_OF_REASON],
        cause=RefundCause.DOUBLE_PAYMENT, lines=[],
    )  # fmt: skip
    db.session.add(refund)
    _send_soon(refund)
    return True


def return_line(order: Order, session: Session, line: Purchase, reason: str) -> bool:
    """Refund what was paid for one line that can't be delivered; False if that was nothing."""
    if session.payment_intent is None or line.left_cents == 0:
        return False
    said = f"{reason}: {line.product_snapshot['title'][:120]}"
    chosen = [portions.of_line(line, line.left_cents)]
    _write(order, chosen, said, RefundCause.UNDELIVERABLE, None, session.payment_intent)
    return True


def adopt(
    order: Order, found_cents: int, currency: str, payment_intent: str, reason: str, status: RefundStatus
) -> Refund | None:
    """Book a refund that was made at Stripe, divided among the lines in proportion to what is left of each.

    Without lines where the payment bought nothing. A failed one is kept and books nothing. None when it is
    more than is left of the lines, or in another currency.
    """
    over = status in (RefundStatus.FAILED, RefundStatus.CANCELED)
    paid = payment_intent == order.stripe_payment_intent_id and order.status in SETTLED
    left = [line for line in order.purchases if line.status in BOUGHT]
    if currency.lower() != order.currency or (
        paid and not over and found_cents > sum(one.left_cents for one in left)
    ):
        return None
    chosen = portions.shared_out(left, found_cents) if paid and not over else []
    refund = _row(order, chosen, reason, RefundCause.STRIPE, None, payment_intent, found_cents)
    booking.book(refund, order)
    return refund


def portions_of(order: Order, gross: Mapping[uuid.UUID, int]) -> list[Portion]:
    """Divide what is to be refunded of each line (the purchase's id) into net and tax. Raises Refused."""
    lines = {line.id: line for line in order.purchases}
    if not gross or any(line_id not in lines for line_id in gross):
        raise Refused("Choose what to refund.")
    if order.status not in SETTLED:
        raise Refused("This order wasn’t paid, so there’s nothing to refund.")
    chosen = []
    for line_id, cents in gross.items():
        line = lines[line_id]
        if sentence := refusal(line, cents):
            raise Refused(sentence)
        chosen.append(portions.of_line(line, cents))
    if sum(gross.values()) and not order.stripe_payment_intent_id:
        raise Refused("The payment of this order isn’t known, so nothing can be refunded.")
    if sum(gross.values()) % step(order.currency):
        raise Refused(f"Amounts in {order.currency.upper()} end in 0 to be paid back.")
    return chosen


def is_refundable(line: Purchase) -> bool:
    """Tell whether something of a line can be refunded, or, where nothing was paid, taken back."""
    return refusal(line, line.left_cents) is None


def refusal(line: Purchase, cents: int) -> str | None:
    """Say in a sentence why `cents` of a line can't be refunded; None if they can."""
    title = line.product_snapshot["title"]
    if line.status == PurchaseStatus.REFUNDED:
        return f"“{title}” has been refunded already."
    if line.status != PurchaseStatus.COMPLETED:
        return f"“{title}” was never delivered, so there’s nothing to refund."
    if line.disputed_cents:
        return f"The buyer’s bank is disputing the payment for “{title}”. Wait until that’s decided."
    if cents > line.left_cents:
        return f"Only {money(line.left_cents, line.currency)} of “{title}” can still be refunded."
    if cents < 0 or (cents == 0 and line.left_cents):
        return "Enter an amount above zero."
    return None


def _write(
    order: Order, chosen: Iterable[Portion], reason: str, cause: RefundCause, actor: User | None, payment: str
) -> Refund:
    refund = _row(order, chosen, reason, cause, actor, payment)
    booking.book(refund, order)
    if refund.amount_cents:
        _send_soon(refund)
    else:
        refund.status, refund.decided_at = RefundStatus.SUCCEEDED, clock.now()
    return refund


def _row(
    order: Order,
    chosen: Iterable[Portion],
    reason: str,
    cause: RefundCause,
    actor: User | None,
    payment: str,
    cents: int | None = None,
) -> Refund:
    """Write the refund and its lines; `cents` where these don't add up to it, as nothing was bought."""
    lines = [
        RefundLine(
            id=uuid7(), purchase_id=one.purchase.id, net_cents=one.net_cents, tax_cents=one.tax_cents,
            gross_cents=one.gross_cents,
        )
        for one in chosen
    ]  # fmt: skip
    refund = Refund(
        id=uuid7(), order_id=order.id, payment_intent_id=payment, currency=order.currency, cause=cause,
        amount_cents=sum(line.gross_cents for line in lines) if cents is None else cents,
        reason=reason[:MOST_OF_REASON], actor_id=actor.id if actor else None, lines=lines,
    )  # fmt: skip
    db.session.add(refund)
    db.session.flush()
    return refund


def _send_soon(refund: Refund) -> None:
    jobs.enqueue("refund_payment", key=f"refund:{refund.id}", refund_id=str(refund.id))


def _said(refund: Refund) -> str:
    return f"{money(refund.amount_cents, refund.currency)}: {refund.reason}"

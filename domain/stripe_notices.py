"""What happened to our money at Stripe and changed nothing here: a person has to know, once for each object.

The order gets a problem, as one whose amount disagrees does: it stands on /admin until somebody has looked.
"""

from typing import Any

from sqlalchemy import false, or_, select

from domain import alerts, orders
from models import AuditEntry, Order, Refund, RefundStatus, StripeEvent, db

TYPES = (
    "charge.refunded",
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
    "radar.early_fraud_warning.created",
    "radar.early_fraud_warning.updated",
)
MARK = "At Stripe: "
ACTION = "stripe_notice"


def raise_about(event: StripeEvent) -> str | None:
    """Tell whoever runs the shop what `event` is about, unless they know or it was our own doing.

    Answers with what to write beside the event; None when it was our own doing.
    """
    about: dict[str, Any] = event.payload["data"]["object"]
    payment = _text(about.get("payment_intent"))
    if event.type == "charge.refunded" and _sent_back(payment) >= (about.get("amount_refunded") or 0):
        return None
    order_id = _order_of(payment, about)
    sentence = (
        f"{MARK}{_happened(event, about)}. Nothing was changed here: see to access and earnings by hand."
    )
    if order_id is None:
        if not _is_known(event, about):
            alerts.raise_without_order(event, ACTION, sentence, payment)
        return "No effect here, and no order here has this payment: an alert was mailed."
    order = orders.lock(order_id)
    if not _is_known(event, about):
        earlier = order.problem if order.problem and order.looked_at is None else ""
        order.problem, order.looked_at = " ".join(filter(None, (earlier, sentence))), None
        alerts.raise_for(order, ACTION, sentence)
    return "No effect here: an alert was raised at the order."


def after_completion(order: Order) -> str | None:
    """The problem that stays when `order` is completed: one that Stripe told of, not one that has passed."""
    return order.problem if order.problem and MARK in order.problem else None


def unsettled() -> list[tuple[str, str]]:
    """The numbers of orders with a notice that nobody has looked at, and what it says."""
    query = select(Order.number, Order.problem).where(
        Order.problem.contains(MARK, autoescape=True), Order.looked_at.is_(None)
    )
    return [(number, problem or "") for number, problem in db.session.execute(query)]


def _happened(event: StripeEvent, about: dict[str, Any]) -> str:
    name = about.get("id")
    if event.type.startswith("charge.dispute."):
        return f"the buyer’s bank disputes the payment (dispute {name}); answer it in Stripe’s dashboard"
    if event.type.startswith("radar."):
        return f"the bank warns that the payment may be fraud (warning {name})"
    kind = "charge" if event.type == "charge.refunded" else "refund"
    return f"money of the payment was sent back, and not from here ({kind} {name})"


def _is_known(event: StripeEvent, about: dict[str, Any]) -> bool:
    """Whether this object has had its notice; a refund is told once, by its own event or by its charge's."""
    names = [about.get("id")]
    if event.type.startswith("refund."):
        names.append(about.get("charge"))
    if event.type == "charge.refunded":
        refunds = select(StripeEvent).where(
            StripeEvent.type.startswith("refund."), StripeEvent.error.startswith("No effect here")
        )
        told = (row.payload["data"]["object"] for row in db.session.scalars(refunds))
        names += [refund.get("id") for refund in told if refund.get("charge") == about.get("id")]
    notes = [AuditEntry.note.contains(f" {name})", autoescape=True) for name in names if _text(name)]
    known = select(AuditEntry.id).where(AuditEntry.action == ACTION, or_(false(), *notes)).limit(1)
    return db.session.scalar(known) is not None


def _order_of(payment: str, about: dict[str, Any]) -> Any:
    """The id of the order that the payment was for: as we know it, or as the payment itself says."""
    if payment:
        for column, known in (
            (Order.id, Order.stripe_payment_intent_id),
            (Refund.order_id, Refund.payment_intent_id),
        ):
            if found := db.session.scalar(select(column).where(known == payment).limit(1)):
                return found
    metadata = about.get("metadata")
    number = _text(metadata.get("order_number")) if isinstance(metadata, dict) else ""
    return db.session.scalar(select(Order.id).where(Order.number == number)) if number else None


def _sent_back(payment: str) -> int:
    """What we have asked Stripe to send back of a payment, minor units."""
    rows = db.session.scalars(
        select(Refund.amount_cents).where(
            Refund.payment_intent_id == payment,
            Refund.status.in_((RefundStatus.PENDING, RefundStatus.SUCCEEDED)),
        )
    )
    return sum(rows)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""

"""Early warnings of fraud: a card's issuer doubts a payment that nobody has disputed yet."""

from sqlalchemy import select

import payments
from domain.base import clock
from domain.disputes import applying
from domain.ledger import order_lock
from domain.platform import alerts
from domain.platform.audit_actions import AuditAction
from models import FraudWarning, db
from payments import FraudWarning as StripeWarning

LONGEST_TYPE = 60
SENTENCE = (
    "The card’s issuer warns that this payment may be fraudulent ({type}). A refund now prevents a dispute"
    " and its fee."
)


def fetch(stripe_warning_id: str) -> StripeWarning | None:
    """Retrieve a warning; None if Stripe doesn't have it. Raises PaymentUnavailable."""
    return payments.find_fraud_warning(stripe_warning_id)


def apply(found: StripeWarning) -> FraudWarning | None:
    """Keep a warning and raise an alert about it, once; None if no order was paid so."""
    order_id = applying.order_of(found.payment_intent, found.order_number)
    if order_id is None:
        return None
    order = order_lock.lock(order_id)
    row = db.session.scalar(select(FraudWarning).where(FraudWarning.stripe_warning_id == found.id))
    if row is None:
        row = FraudWarning(
            order_id=order.id, stripe_warning_id=found.id, fraud_type=found.fraud_type[:LONGEST_TYPE],
            is_actionable=found.actionable, warned_at=found.created or clock.now(),
        )  # fmt: skip
        db.session.add(row)
        if found.actionable:
            said = SENTENCE.format(type=row.fraud_type.replace("_", " "))
            alerts.raise_and_stop(order, AuditAction.FRAUD_WARNING, said)
    row.is_actionable = found.actionable
    db.session.flush()
    return row

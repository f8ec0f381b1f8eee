"""Telling whoever runs the shop that money or a backup needs a person."""

import mail
from domain.base.log import log
from domain.platform import audit, settings
from models import BackupRecord, Order, StripeEvent

MOST_OF_PROBLEM = 500  # what orders.problem has room for
MORE = " More happened: see the history below."


def raise_for(order: Order, action: str, sentence: str) -> None:
    """Write `sentence` about `order` into the log and the audit log, and mail it to the contact address."""
    log.error("order %s: %s", order.number, sentence)
    audit.record(None, action, order, sentence)
    mail.order_problem(settings.current().contact_email, order, sentence)


def stand_at(order: Order, action: str, sentence: str) -> None:
    """Raise the alert and let it stand at `order`, beside what is there, until somebody has looked.

    What is too much for one problem is read in the order's history.
    """
    earlier = order.problem if order.problem and order.looked_at is None else ""
    both = f"{earlier} {sentence}" if earlier else sentence
    if len(both) > MOST_OF_PROBLEM:
        both = f"{sentence[: MOST_OF_PROBLEM - len(MORE)]}{MORE}"
    order.problem, order.looked_at = both, None
    raise_for(order, action, sentence)


def raise_without_order(event: StripeEvent, action: str, sentence: str, payment: str) -> None:
    """Say what `raise_for` says of an order where no order is known, only Stripe's `payment`."""
    log.error("payment %s: %s", payment, sentence)
    audit.record(None, action, event, sentence)
    mail.payment_problem(settings.current().contact_email, event, payment, sentence)


def backup_failed(record: BackupRecord, sentence: str) -> None:
    """Say that a backup was not made, after the last try, where `raise_for` says it of an order."""
    log.error("no %s backup was made: %s", record.kind, sentence)
    audit.record(None, "backup_failed", record, sentence)
    mail.backup_problem(settings.current().contact_email, "No backup was made", sentence)


def proof_failed(record: BackupRecord, sentence: str) -> None:
    """Say that a backup could not be proved, where `raise_for` says it of an order."""
    log.error("the proof of backup %s failed: %s", record.name or "", sentence)
    audit.record(None, "proof_failed", record, sentence)
    mail.backup_problem(settings.current().contact_email, "A backup could not be proved", sentence)

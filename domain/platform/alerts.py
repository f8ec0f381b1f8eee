"""Alerts to the operator: money or a backup needs a person."""

import mail
from domain.base.log import log
from domain.platform import audit, settings
from domain.platform.audit_actions import AuditAction
from models import BackupRecord, Order, StripeEvent

MOST_OF_PROBLEM = 500  # the length of orders.problem
MORE = " More happened: see the history below."


def raise_for(order: Order, action: AuditAction, sentence: str) -> None:
    """Log an alert about `order`, record it in the audit log and mail it to the contact address."""
    log.error("order %s: %s", order.number, sentence)
    audit.record(None, action, order, sentence)
    mail.order_problem(settings.current().contact_email, order, sentence)


def raise_and_stop(order: Order, action: AuditAction, sentence: str) -> None:
    """Raise an alert and keep it open at `order`, after earlier ones, until an admin dismisses it.

    What doesn't fit into orders.problem is in the order's history.
    """
    earlier = order.problem if order.problem and order.looked_at is None else ""
    both = f"{earlier} {sentence}" if earlier else sentence
    if len(both) > MOST_OF_PROBLEM:
        both = f"{sentence[: MOST_OF_PROBLEM - len(MORE)]}{MORE}"
    order.problem, order.looked_at = both, None
    raise_for(order, action, sentence)


def raise_without_order(event: StripeEvent, action: AuditAction, sentence: str, payment: str) -> None:
    """Raise an alert about a payment at Stripe that belongs to no known order."""
    log.error("payment %s: %s", payment, sentence)
    audit.record(None, action, event, sentence)
    mail.payment_problem(settings.current().contact_email, event, payment, sentence)


def backup_failed(record: BackupRecord, sentence: str) -> None:
    """Raise the alert that a backup wasn't made, after the last attempt."""
    log.error("no %s backup was made: %s", record.kind, sentence)
    audit.record(None, AuditAction.BACKUP_FAILED, record, sentence)
    mail.backup_problem(settings.current().contact_email, "Backup failed", sentence)


def proof_failed(record: BackupRecord, sentence: str) -> None:
    """Raise the alert that a backup couldn't be verified."""
    log.error("the proof of backup %s failed: %s", record.name or "", sentence)
    audit.record(None, AuditAction.PROOF_FAILED, record, sentence)
    mail.backup_problem(settings.current().contact_email, "Backup test failed", sentence)

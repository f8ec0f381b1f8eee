"""Telling whoever runs the shop that money needs a person."""

import mail
from domain import audit, settings
from models import Order
from observe import log


def raise_for(order: Order, action: str, sentence: str) -> None:
    """Write `sentence` about `order` into the log and the audit log, and mail it to the contact address."""
    log.error("order %s: %s", order.number, sentence)
    audit.record(None, action, order, sentence)
    mail.order_problem(settings.current().contact_email, order, sentence)

"""Telling people of disputes: admins by mail, creators on the site, and analytics by events."""

import mail
from domain.base import clock
from domain.base.addresses import path_to
from domain.disputes import states
from domain.ledger import order_events
from domain.platform import audit, notifications, settings
from domain.platform.audit_actions import AuditAction
from domain.platform.event_registry import EventName
from models import Dispute, NotificationKind, Order

ACTIONS = {"won": AuditAction.DISPUTE_WON, "lost": AuditAction.DISPUTE_LOST}
CREATORS = {
    "needs_response": (
        "A sale of “{title}” is disputed",
        "The buyer’s bank demands the money back. Your share waits until the bank has decided.",
    ),
    "lost": ("A dispute about “{title}” was lost", "The bank has returned the money to the buyer."),
    "won": ("A dispute about “{title}” was won", "Your share is yours again once Stripe has returned it."),
}


def tell(dispute: Dispute, order: Order) -> None:
    """Tell of the state that `dispute` has come to."""
    said = states.words(dispute.status)
    action = ACTIONS.get(dispute.status, AuditAction.DISPUTE_CHANGED)
    audit.record(None, action, order, f"{said.text}: {states.reason(dispute)}")
    send(dispute, order)
    _count(dispute, order)
    if dispute.status in CREATORS:
        _tell_creators(dispute, order)


def _count(dispute: Dispute, order: Order) -> None:
    """Write the event of the state, if it has one."""
    amount = (dispute.amount_cents, dispute.currency)
    match dispute.status:
        case "needs_response":
            order_events.write_dispute(EventName.DISPUTE_OPENED, order, *amount)
        case "won":
            order_events.write_dispute(EventName.DISPUTE_WON, order, *amount)
        case "lost":
            order_events.write_dispute(EventName.DISPUTE_LOST, order, *amount)


def send(dispute: Dispute, order: Order, key: str | None = None) -> None:
    """Mail the shop's contact address what the state of `dispute` is, and until when it can be answered."""
    said = states.words(dispute.status)
    due = dispute.due_by if dispute.submit_at is None else None
    mail.dispute(
        settings.current().contact_email, order, dispute, (said.text, said.follows),
        states.reason(dispute), f"{due.day} {due:%B %Y, %H:%M} UTC" if due else "", key,
    )  # fmt: skip


def _tell_creators(dispute: Dispute, order: Order) -> None:
    title_, message = CREATORS[dispute.status]
    at = int(clock.now().timestamp())  # a dispute may be lost, won, and lost again
    for purchase in order.purchases:
        title = title_.format(title=purchase.product_snapshot["title"][:120])
        for creator_id in {share.creator_id for share in purchase.shares}:
            notifications.tell(
                creator_id, NotificationKind.REFUND, title, message, path_to("studio.earnings"),
                "View your earnings", key=f"dispute:{dispute.id}:{purchase.id}:{at}",
            )  # fmt: skip

"""Access while a payment is disputed: by the setting it pauses, and place and progress are kept."""

from domain.base.addresses import path_to
from domain.learning import pausing
from domain.platform import notifications, settings
from models import NotificationKind, Order, Purchase, PurchaseStatus


def follow(order: Order) -> None:
    """Pause what was delivered for lines whose money a bank holds, and let the others open. Idempotent."""
    delivered = [line for line in order.purchases if line.status == PurchaseStatus.COMPLETED]
    pauses = settings.current().pause_disputed
    for line in sorted(delivered, key=lambda line: line.product_id):
        if pauses and line.disputed_cents:
            if pausing.pause(line):
                _tell(line)
        else:
            pausing.resume(line)


def _tell(line: Purchase) -> None:
    if line.owner_id is None:
        return
    title = line.product_snapshot["title"][:150]
    notifications.tell(
        line.owner_id, NotificationKind.REFUND, f"“{title}” is paused",
        "The payment for it is disputed, so it’s paused until the bank has decided. Your place and your"
        " progress are kept.", path_to("orders.index"), "See your orders",
    )  # fmt: skip

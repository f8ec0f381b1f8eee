"""Analytics events of orders, written in the transaction that changes the order, with its buyer."""

from collections.abc import Iterable

from domain.platform import events
from domain.platform.event_registry import EventName
from models import Order, Purchase, Refund


def write(name: EventName, order: Order, purchases: Iterable[Purchase]) -> None:
    """Write an event about all of an order: its total and the ids of its products."""
    _write(name, order, purchases, order.total_cents, order.currency)


def write_refund(refund: Refund, order: Order) -> None:
    """Write that a refund of `order` succeeded, with the amount refunded."""
    _write(EventName.REFUNDED, order, order.purchases, refund.amount_cents, refund.currency)


def write_dispute(name: EventName, order: Order, amount_cents: int, currency: str) -> None:
    """Write what became of a dispute of `order`, with the amount that the bank demands."""
    _write(name, order, order.purchases, amount_cents, currency)


def _write(
    name: EventName, order: Order, purchases: Iterable[Purchase], amount_cents: int, currency: str
) -> None:
    products = [str(purchase.product_id) for purchase in purchases]
    events.write(
        name,
        order.user_id,
        order=order.number,
        products=products,
        amount_cents=amount_cents,
        currency=currency,
    )

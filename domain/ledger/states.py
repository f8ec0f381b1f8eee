"""The states in which money has moved or is moving: of an order, and of a line that was bought in it."""

import uuid

from sqlalchemy import Select, func, or_, select

from models import Order, OrderStatus, Purchase, PurchaseStatus

# Orders that were paid, whatever came of them. A line counts as bought also once it was refunded: the refund
# is a movement of its own.
SETTLED = (OrderStatus.COMPLETED, OrderStatus.REFUNDED, OrderStatus.PARTIALLY_REFUNDED)
BOUGHT = (PurchaseStatus.COMPLETED, PurchaseStatus.REFUNDED)


def on_the_way(buyer_id: uuid.UUID) -> Select[uuid.UUID, str]:
    """Build the query of the products in unsettled orders of a buyer, which a bank or an admin has.

    Each comes with the order's number. What is given away isn't among them: it may be bought again.
    """
    return (
        select(Purchase.product_id, func.min(Order.number).label("number"))
        .join(Order, Order.id == Purchase.order_id)
        .where(
            Order.user_id == buyer_id,
            Order.status == OrderStatus.PENDING,
            or_(Order.confirming_since.is_not(None), Order.problem.is_not(None)),
            Purchase.is_gift.is_(False),
        )
        .group_by(Purchase.product_id)
    )

"""Lines that can't be delivered when their payment comes in: their money goes back, the others are delivered.

What was taken off sale meanwhile is delivered: the buyer has paid for what was offered.
"""

from sqlalchemy import and_, or_, select

from models import Order, Purchase, PurchaseStatus, db


def lines(order: Order) -> list[Purchase]:
    """List the lines whose product was deleted, or that their owner has bought through another order.

    The order must be locked, with its lines and products loaded.
    """
    owned = _owned_through_another(order)
    return [line for line in order.purchases if line.product.deleted_at is not None or line.id in owned]


def _owned_through_another(order: Order) -> set[object]:
    """Find the lines whose owner holds the same product by another order; nobody owns a gift yet."""
    own = [line for line in order.purchases if line.owner_id is not None]
    if not own:
        return set()
    same = (and_(Purchase.product_id == line.product_id, Purchase.owner_id == line.owner_id) for line in own)
    query = select(Purchase.product_id, Purchase.owner_id).where(
        or_(*same), Purchase.order_id != order.id, Purchase.status == PurchaseStatus.COMPLETED
    )
    held = {(product_id, owner_id) for product_id, owner_id in db.session.execute(query)}
    return {line.id for line in own if (line.product_id, line.owner_id) in held}

"""Lines that can't be delivered when their payment comes in: their money goes back, the others are delivered.

What was taken off sale meanwhile is delivered: the buyer has paid for what was offered.
"""

import uuid

from sqlalchemy import and_, or_, select

from models import Order, Purchase, PurchaseStatus, db


def lines(order: Order) -> list[Purchase]:
    """List the lines whose product was deleted, or that were bought through another order meanwhile.

    The order must be locked, with its lines and products loaded.
    """
    bought = _bought_through_another(order)
    return [line for line in order.purchases if line.product.deleted_at is not None or line.id in bought]


def _bought_through_another(order: Order) -> set[uuid.UUID]:
    """Find the lines whose owner holds the product by another order, and the gifts it took from the cart.

    Nobody owns a gift yet, and the same may be given twice: it is known by its line of the cart.
    """
    same = [
        and_(Purchase.product_id == line.product_id, Purchase.owner_id == line.owner_id)
        if line.owner_id is not None
        else Purchase.cart_item_id == line.cart_item_id
        for line in order.purchases
        if line.owner_id is not None or line.cart_item_id is not None
    ]
    if not same:
        return set()
    query = select(Purchase.product_id, Purchase.owner_id, Purchase.cart_item_id).where(
        or_(*same), Purchase.order_id != order.id, Purchase.status == PurchaseStatus.COMPLETED
    )
    found = db.session.execute(query).all()
    owned = {(row.product_id, row.owner_id) for row in found if row.owner_id is not None}
    given = {row.cart_item_id for row in found if row.cart_item_id is not None}
    return {
        line.id
        for line in order.purchases
        if (line.product_id, line.owner_id) in owned or line.cart_item_id in given
    }

"""Lines that were sold again: a person owns a product once, and a line of a cart gives its gift once."""

import uuid
from collections.abc import Collection

from sqlalchemy import and_, or_, select

from models import Purchase, PurchaseStatus, db


def among(lines: Collection[Purchase]) -> set[uuid.UUID]:
    """Find those of `lines` beside which another line stands completed that sells the same, by their ids.

    Their buyer's orders must be locked. Nobody owns a gift yet, and the same may be given twice: it is known
    by its line of the cart.
    """
    same = [
        and_(Purchase.product_id == line.product_id, Purchase.owner_id == line.owner_id)
        for line in lines
        if line.owner_id is not None
    ]
    same += [Purchase.cart_item_id == line.cart_item_id for line in lines if line.cart_item_id is not None]
    if not same:
        return set()
    query = select(Purchase.product_id, Purchase.owner_id, Purchase.cart_item_id).where(
        or_(*same),
        Purchase.id.not_in([line.id for line in lines]),
        Purchase.status == PurchaseStatus.COMPLETED,
    )
    found = db.session.execute(query).all()
    owned = {(row.product_id, row.owner_id) for row in found if row.owner_id is not None}
    given = {row.cart_item_id for row in found if row.cart_item_id is not None}
    return {
        line.id for line in lines if (line.product_id, line.owner_id) in owned or line.cart_item_id in given
    }

"""The lock of a gift: the people, its order, then its row, in the order of all locks of money."""

import uuid

from sqlalchemy import select
from sqlalchemy.orm import selectinload
from werkzeug.exceptions import NotFound

from domain.base import sql
from models import Gift, Order, Product, Purchase, User, db


def lock(purchase_id: uuid.UUID, person: User) -> Gift:
    """Lock a gift for something that `person` does to it, and load it with purchase, product and sender.

    Two people claim at the same moment, or one claims what is being refunded: whoever comes second decides by
    what the first has written. Raises NotFound.
    """
    line = db.session.execute(
        select(Purchase.order_id, Purchase.user_id)
        .join(Gift, Gift.purchase_id == Purchase.id)
        .where(Purchase.id == purchase_id)
    ).first()
    if line is None:
        raise NotFound
    for user_id in sorted({line.user_id, person.id}):
        sql.lock_key(User, user_id)
    sql.lock_key(Order, line.order_id, keys=True)
    return read(purchase_id)


def read(purchase_id: uuid.UUID) -> Gift:
    """Lock the row of a gift, whose order is locked, and read it anew."""
    query = (
        select(Gift)
        .where(Gift.purchase_id == purchase_id)
        .options(
            selectinload(Gift.purchase).joinedload(Purchase.product).joinedload(Product.creator),
            selectinload(Gift.sender),
        )
    )
    return sql.locked(query).one()

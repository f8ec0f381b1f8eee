"""The lock on an order, which everything about its money takes first."""

import uuid
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from domain.base import sql
from models import Order, Product, Purchase, User


def lock(order_id: uuid.UUID) -> Order:
    """Load the order with purchases and products, locked until the transaction ends.

    The buyer's row is locked first, so that two orders of one buyer can't be paid concurrently; with FOR NO
    KEY UPDATE, so that their heartbeats needn't wait. On SQLite the transaction itself is the lock.
    """
    buyer = select(Order.user_id).where(Order.id == order_id).scalar_subquery()
    sql.lock_key(User, buyer)
    query = (
        select(Order)
        .where(Order.id == order_id)
        .options(
            selectinload(Order.purchases).options(
                joinedload(Purchase.product).joinedload(Product.creator), selectinload(Purchase.shares)
            ),
            selectinload(Order.user),
        )
    )
    return sql.locked(query, keys=True).one()


def lock_products(lines: Collection[Purchase]) -> None:
    """Lock what `lines` deliver, in one order for all buyers: products, and the courses of their shares.

    A bundle's courses may be lines of another order, which would lock them in an order of its own.
    """
    ids = {line.product_id for line in lines} | {share.course_id for line in lines for share in line.shares}
    sql.lock_keys(Product.__table__.c.id, ids)

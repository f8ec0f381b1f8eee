"""A creator's own sales: the lines of orders that pay nobody else."""

from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from models import Order, Purchase, PurchaseShare, User, db


def order_with(creator: User, number: str) -> Order | None:
    """Load the order of that number, with lines and shares, if it has a line that pays `creator`."""
    if not number.isascii() or not number.isprintable():
        return None
    pays = (
        select(PurchaseShare.id)
        .join(Purchase, Purchase.id == PurchaseShare.purchase_id)
        .where(Purchase.order_id == Order.id, PurchaseShare.creator_id == creator.id)
    )
    lines = selectinload(Order.purchases).options(joinedload(Purchase.product), selectinload(Purchase.shares))
    return db.session.scalar(select(Order).options(lines).where(Order.number == number, pays.exists()))


def is_all_of(creator: User, line: Purchase) -> bool:
    """Tell whether a line pays `creator` and nobody else; its shares are loaded."""
    return {share.creator_id for share in line.shares} == {creator.id}

"""Exchanging a gift that somebody has already for another product of the same creator.

The sale stays what it was: its line, shares and earning name what was bought. What changes is the product
that the line's owner holds. So only a product that pays one creator for one course can be exchanged, for
another that is its own contents: a bundle opens what the line's shares name, even where one course is left.
"""

import uuid

from sqlalchemy import func, select

from domain import Refused
from domain.base import clock
from domain.catalog import availability, counters, kinds
from domain.gifts import claiming
from models import Course, Gift, Order, Product, Purchase, PurchaseShare, User, db

MOST = 50


def choices(gift: Gift, person: User) -> list[tuple[Product, int]]:
    """List what `person` may take instead, by title, each with its price now; nothing for a bundle.

    Products of the same creator that are sold now, cost no more, and aren't theirs.
    """
    if not _pays_for_one(gift):
        return []
    now = clock.now()
    query = (
        select(Product)
        .outerjoin(Course.__table__, Course.__table__.c.id == Product.id)
        .where(
            Product.creator_id == gift.purchase.product.creator_id,
            Product.id != gift.purchase.product_id,
            availability.available(now),
        )
        .order_by(Product.title, Product.id)
    )
    found = [p for p in db.session.scalars(query.limit(2 * MOST)) if _objection(gift, person, p) is None]
    return [(product, kinds.offer(person, product, now).amount_cents) for product in found[:MOST]]


def exchange(person: User, token: str, product_id: uuid.UUID) -> Gift:
    """Claim another product instead of the one that `person` has already. Raises Refused."""
    gift = claiming.lock_to_exchange(person, token)
    product = db.session.get(Product, product_id)
    if product is None or not _pays_for_one(gift):
        raise Refused("This present can’t be exchanged. You can pass it on.", "product")
    if sentence := _objection(gift, person, product):
        raise Refused(sentence, "product")
    line = gift.purchase
    gift.exchanged_from_id, line.product = line.product_id, product
    db.session.flush()
    claiming.hand_over(gift, person)
    for changed in sorted((gift.exchanged_from_id, product.id)):
        counters.recount_purchases(changed)
    return gift


def _objection(gift: Gift, person: User, product: Product) -> str | None:
    """Say why `person` can't take `product` instead; None if they can."""
    now = clock.now()
    if product.creator_id != gift.purchase.product.creator_id:
        return "Choose something by the same creator."
    if sentence := kinds.kind_of(product).refusal(person, product, now):
        return sentence
    if kinds.contents([product])[product.id] != [product.id]:
        return "Several courses together can’t be taken in exchange."
    amount = kinds.offer(person, product, now).amount_cents
    if amount == 0:
        return "This is free, so there’s nothing to exchange: take it on its page."
    if amount > _worth(gift.purchase):
        return "This costs more than what you were given."
    return None


def _worth(line: Purchase) -> int:
    """Compute what was asked for a line before its discount, as prices are shown."""
    includes = db.session.get_one(Order, line.order_id).prices_include_tax
    return line.amount_cents + line.discount_cents + (line.tax_cents if includes else 0)


def _pays_for_one(gift: Gift) -> bool:
    shares = select(func.count()).where(PurchaseShare.purchase_id == gift.purchase_id)
    return db.session.scalar(shares) == 1

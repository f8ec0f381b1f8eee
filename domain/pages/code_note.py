"""The note on a product's page about the code that its reader came with."""

import uuid
from dataclasses import dataclass

from domain.base import clock
from domain.catalog import kinds
from domain.coupons import discounts
from domain.coupons.discounts import DiscountLine
from models import Product, User, db


@dataclass(frozen=True)
class CodeNote:
    """The discount of a product alone: `off_cents` of its price, or why its reader's code doesn't apply."""

    code: str
    label: str
    off_cents: int
    to_pay_cents: int
    currency: str
    refusal: str | None


def load(product_id: uuid.UUID, reader: User | None, code: str) -> CodeNote | None:
    """Find what `code` saves `reader` on a product; None without a code, and for what costs nothing."""
    product = db.session.get(Product, product_id) if code else None
    if product is None:
        return None
    price = kinds.offer(reader, product, clock.now()).amount_cents
    if not price:
        return None
    found = discounts.find(reader, [DiscountLine(product, price, ())], code, clock.now())
    label = found.coupon.label if found.coupon is not None else code
    return CodeNote(code, label, found.cents, price - found.cents, product.currency, found.refusal)

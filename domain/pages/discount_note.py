"""The note on a product's page about its discount: an automatic one, or that of its reader's code."""

from dataclasses import dataclass

from domain.base import clock
from domain.base.money import money
from domain.coupons import discounts, words
from domain.coupons.candidates import Discountable
from domain.coupons.discounts import Discount, DiscountLine
from domain.platform import last_days
from models import Coupon, User


@dataclass(frozen=True)
class DiscountNote:
    """Sentences about the discount of a product that is bought alone.

    `applies` says what is taken off, `refusal` why the reader's code isn't, `other` which coupon would apply
    too; None where there is nothing to say.
    """

    applies: str | None
    refusal: str | None
    other: str | None


def load(
    reader: User | None, product: Discountable, price_cents: int, currency: str, code: str
) -> DiscountNote | None:
    """Find what `reader` (None: a visitor) saves on `product` at `price_cents`, by `code` or without one.

    Only what a checkout would take off as well. None where there is nothing to say. Two queries at most.
    """
    if not price_cents:
        return None
    found = discounts.find(reader, [DiscountLine(product, price_cents, ())], code, clock.now())
    if found.coupon is None and found.refusal is None:
        return None
    return DiscountNote(_applies(found, price_cents, currency), found.refusal, found.other)


def _applies(found: Discount, price_cents: int, currency: str) -> str | None:
    coupon = found.coupon
    if coupon is None:
        return None
    left = price_cents - found.cents
    rest = f"That leaves {money(left, currency)}." if left else "You pay nothing."
    if coupon.automatic:
        return f"{_automatic(coupon, currency)}, taken off at checkout. {rest}"
    return f"“{coupon.label}” takes {money(found.cents, currency)} off. {rest}"


def _automatic(coupon: Coupon, currency: str) -> str:
    """Say what an automatic coupon takes off, from whom and for how long."""
    name = f"{coupon.name}: " if coupon.name else ""
    first = " your first purchase" if coupon.first_purchase_only else ""
    until = f" until {last_days.said(coupon.valid_until)}" if coupon.valid_until else ""
    return f"{name}{words.off(coupon, currency)}{first}{until}"

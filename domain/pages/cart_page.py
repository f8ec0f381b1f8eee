"""The page of the cart: its lines, and what checking them out costs today."""

import uuid
from dataclasses import dataclass

from domain.base import clock
from domain.cart import contents
from domain.cart.contents import CartLine
from domain.coupons import discounts
from domain.coupons.discounts import Discount, DiscountLine
from domain.platform import settings
from models import User


@dataclass(frozen=True)
class CartPage:
    """The data of the cart's page; amounts in minor units of `currency`.

    `code` is what the reader typed or came with, `discount` what applies to the lines that are taken.
    """

    lines: list[CartLine]
    subtotal_cents: int
    currency: str
    code: str
    discount: Discount

    @property
    def product_ids(self) -> set[uuid.UUID]:
        """List the products in the cart."""
        return {line.id for line in self.lines}

    @property
    def taken(self) -> list[CartLine]:
        """List the lines that checking out takes."""
        return [line for line in self.lines if line.is_taken]

    @property
    def total_cents(self) -> int:
        """Return what checking out costs, without tax that is added."""
        return self.subtotal_cents - self.discount.cents


def load(user: User | None, token: str, code: str, entered: Discount | None = None) -> CartPage:
    """Load the page of the cart of `user`, or of the guest with `token`; `code` is what they typed.

    `entered`: what came of it, if it is known already.
    """
    lines = contents.lines_for(user, token)
    found = entered or _discount(user, lines, code)
    return CartPage(lines, contents.subtotal(lines), settings.current().currency, code, found)


def to_discount(user: User | None, token: str) -> list[DiscountLine]:
    """List the lines of a cart that a code may make cheaper."""
    return _discountable(contents.lines_for(user, token))


def _discount(user: User | None, lines: list[CartLine], code: str) -> Discount:
    found = _discountable(lines)
    return discounts.find(user, found, code, clock.now()) if found else Discount(None, ())


def _discountable(lines: list[CartLine]) -> list[DiscountLine]:
    return [DiscountLine(line, line.amount_cents, ()) for line in lines if line.is_taken]

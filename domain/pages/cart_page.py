"""The page of the cart: its lines, and what checking them out costs today."""

import uuid
from dataclasses import dataclass

from domain.cart import contents
from domain.cart.contents import CartLine
from domain.platform import settings
from models import User


@dataclass(frozen=True)
class CartPage:
    """The data of the cart's page; amounts in minor units of `currency`."""

    lines: list[CartLine]
    subtotal_cents: int
    currency: str

    @property
    def product_ids(self) -> set[uuid.UUID]:
        """List the products in the cart."""
        return {line.id for line in self.lines}

    @property
    def taken(self) -> list[CartLine]:
        """List the lines that checking out takes."""
        return [line for line in self.lines if line.is_taken]


def load(user: User | None, token: str) -> CartPage:
    """Load the page of the cart of `user`, or of the guest with `token`."""
    lines = contents.lines_for(user, token)
    return CartPage(lines, contents.subtotal(lines), settings.current().currency)

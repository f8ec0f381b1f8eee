"""Baskets: what one checkout buys, a single product or the cart, as far as it can be bought now."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from domain.base import clock
from domain.cart import carts, contents
from domain.cart.contents import CartLine
from domain.catalog import availability, kinds
from domain.commerce import quoting
from domain.commerce.quoting import OrderQuote, Wanted
from domain.gifts import orders as gifts
from domain.gifts.terms import GiftTerms, today_here
from domain.ledger import states
from domain.platform import settings
from domain.tax import treatment
from models import BillingDetails, Product, User, db

CART = "cart"


@dataclass(frozen=True)
class Basket:
    """The products that somebody wants to buy in one checkout.

    `key` names it among the buyer's open orders. `code` is the coupon's, "" for none. `waiting` are the
    products that an order of theirs already contains that a bank is paying, or that an admin looks at.
    """

    key: str
    wanted: tuple[Wanted, ...]
    code: str = ""
    waiting: tuple[Product, ...] = ()

    @property
    def product(self) -> Product | None:
        """Return the product of a basket that isn't the cart."""
        return self.wanted[0].product if self.key != CART and self.wanted else None


def product_on_offer(product_id: uuid.UUID) -> Product | None:
    """Load a product that anybody may know of, with its creator; None otherwise."""
    query = select(Product).where(Product.id == product_id).options(joinedload(Product.creator))
    product: Product | None = db.session.scalar(query)
    return product if product is not None and availability.is_visible(product) else None


def of_product(product: Product, code: str = "") -> Basket:
    """Make the basket of *Buy now*."""
    return Basket(str(product.id), (Wanted(product),), code)


def of_cart(buyer: User, code: str = "") -> Basket:
    """Make the basket of what `buyer`'s cart holds and they can buy now, their gifts included."""
    chosen = [line for line in contents.lines(carts.find(buyer)) if line.is_taken or line.order_number]
    products = _load({line.id for line in chosen})
    now = clock.now()
    wanted, waiting = [], []
    for line in chosen:
        product = products[line.id]
        if product.currency.lower() != settings.current().currency:
            continue  # one order has one currency: the shop's
        if line.order_number:
            waiting.append(product)
        elif not line.is_free and _can_buy(buyer, product, line, now):
            wanted.append(Wanted(product, _terms(line), line.item_id))
    return Basket(CART, tuple(wanted), code, tuple(waiting))


def quote(buyer: User, basket: Basket) -> OrderQuote:
    """Compute what the basket costs `buyer` now, under the tax of their particulars."""
    now = clock.now()
    details = db.session.get(BillingDetails, buyer.id)
    taxed = treatment.of(details, settings.current(), now)
    return quoting.quote_order(buyer, basket.wanted, basket.code, taxed, now)


def under_way(buyer: User) -> dict[uuid.UUID, str]:
    """Map the products in `buyer`'s unsettled orders to the orders' numbers: a bank or an admin has them.

    What is given away may be bought again.
    """
    return {row.product_id: row.number for row in db.session.execute(states.on_the_way(buyer.id))}


def _load(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Product]:
    query = select(Product).where(Product.id.in_(list(ids))).options(joinedload(Product.creator))
    return {product.id: product for product in db.session.scalars(query)}


def _can_buy(buyer: User, product: Product, line: CartLine, now: datetime) -> bool:
    if line.is_gift:
        return gifts.refusal(product, now) is None
    return kinds.kind_of(product).refusal(buyer, product, now) is None


def _terms(line: CartLine) -> GiftTerms | None:
    """Read the terms of a gift; a day that has passed while it lay in the cart is today."""
    if line.recipient_email is None:
        return None
    today = today_here()
    return GiftTerms(line.recipient_email, line.message or "", max(line.deliver_on or today, today))

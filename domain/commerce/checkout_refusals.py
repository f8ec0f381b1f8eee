"""Refusals of a checkout: what isn't sold, has changed since the buyer saw it, or can't be charged."""

from dataclasses import dataclass

from domain import Refused
from domain.base import clock, money
from domain.catalog import kinds
from domain.commerce.baskets import Basket
from domain.commerce.quoting import OrderQuote, Wanted
from domain.gifts import orders as gifts
from models import User


class NotVerified(Refused):
    """The buyer's email address isn't verified."""


class FreeProduct(Refused):
    """The product is free: it needs no checkout."""


@dataclass(frozen=True)
class Seen:
    """The buyer's view of the offer: what it costs in minor units (None: unknown), and whether a lock.

    `price_cents` stood beside *Buy now*: without discount, and with or without tax as the shop shows prices.
    `total_cents` stood beside *Pay*.
    """

    price_cents: int | None = None
    lock: bool = False
    total_cents: int | None = None


UNKNOWN = Seen()


class Unseen(Refused):
    """The price has risen since the buyer saw it, or they weren't told of a lock.

    `price_cents` is the price or the total now, `lock` what has to be done before the product opens.
    """

    def __init__(self, price_cents: int, lock: kinds.Lock | None) -> None:
        super().__init__("Something has changed since you pressed the button.")
        self.price_cents, self.lock = price_cents, lock


def refuse_unless_sold(user: User, wanted: Wanted) -> None:
    """Raise Refused, with the reason, unless `user` may pay for what is wanted now."""
    now, product = clock.now(), wanted.product
    if wanted.gift is not None:
        sentence = gifts.refusal(product, now)
    else:
        sentence = kinds.kind_of(product).refusal(user, product, now)
    if sentence:
        raise Refused(sentence)
    if kinds.offer(user, product, now, gift=wanted.gift is not None).amount_cents == 0:
        raise FreeProduct(f"This {kinds.noun(product)} is free. You can start it without paying.")


def refuse_unless_verified(user: User) -> None:
    """Raise NotVerified unless the buyer's address is confirmed: the receipt goes there."""
    if not user.is_verified:
        raise NotVerified("Confirm your email address before you pay, so that your receipt reaches you.")


def refuse_unless_seen(user: User, basket: Basket, quote: OrderQuote, seen: Seen) -> None:
    """Raise Unseen unless `user` knows what the basket costs now, or more, and that it is locked if it is.

    A cart says beside each line what locks it, so only a single product is asked about here.
    """
    lock = None
    if basket.product is not None and basket.wanted[0].gift is None:
        lock = kinds.kind_of(basket.product).lock(user, basket.product)
        price = quote.lines[0].price_cents
        is_dearer = seen.total_cents is None and seen.price_cents is not None and price > seen.price_cents
        if is_dearer or (lock is not None and not seen.lock):
            raise Unseen(price, lock)
    if seen.total_cents is not None and quote.total_cents > seen.total_cents:
        raise Unseen(quote.total_cents, lock)


def refuse_too_little(quote: OrderQuote) -> None:
    """Refuse what Stripe can't charge; nothing at all is no charge."""
    least = money.least_charge(quote.currency)
    if 0 < quote.total_cents < least:
        raise Refused(f"A payment has to be at least {money.money(least, quote.currency)}.")

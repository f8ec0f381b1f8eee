"""The review page of a checkout: whether one has to be shown, and what it shows before the buyer pays."""

from dataclasses import dataclass

from domain.catalog import kinds
from domain.commerce import baskets, order_consents
from domain.commerce.baskets import Basket
from domain.commerce.order_consents import Asked
from domain.commerce.quoting import OrderQuote
from domain.platform import settings
from models import BillingDetails, TaxMode, User, db


@dataclass(frozen=True)
class Review:
    """The review that a buyer sees before they pay: the basket, what it costs, and what is asked.

    `lock` says what has to be done before a single product opens.
    """

    basket: Basket
    quote: OrderQuote
    asked: list[Asked]
    lock: kinds.Lock | None


def is_needed(buyer: User, basket: Basket) -> bool:
    """Tell whether *Buy now* has to ask something first: a consent, or the country whose tax applies."""
    if order_consents.asked():
        return True
    if settings.current().tax_mode != TaxMode.OWN:
        return False
    details = db.session.get(BillingDetails, buyer.id)
    return details is None or not details.country


def load(buyer: User, basket: Basket) -> Review:
    """Compute what the review page of `basket` shows `buyer`."""
    product = basket.product
    is_own = product is not None and basket.wanted[0].gift is None
    lock = kinds.kind_of(product).lock(buyer, product) if product is not None and is_own else None
    return Review(basket, baskets.quote(buyer, basket), order_consents.asked(), lock)

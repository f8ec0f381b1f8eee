"""The review page of a checkout: whether one has to be shown, and what it shows before the buyer pays."""

from dataclasses import dataclass

from domain.catalog import kinds
from domain.commerce import baskets, order_consents
from domain.commerce.baskets import Basket
from domain.commerce.order_consents import Asked
from domain.commerce.quoting import OrderQuote
from domain.platform import settings
from domain.tax import billing
from models import BillingDetails, User


@dataclass(frozen=True)
class Review:
    """The review that a buyer sees before they pay: the basket, what it costs, and what is asked.

    `lock` says what has to be done before a single product opens, `billing_missing` what has to be known
    before anything can be paid.
    """

    basket: Basket
    quote: OrderQuote
    asked: list[Asked]
    lock: kinds.Lock | None
    details: BillingDetails | None
    billing_missing: str | None


def is_needed(buyer: User) -> bool:
    """Tell whether *Buy now* has to ask something first: a consent, or the country whose tax applies."""
    return bool(order_consents.asked()) or billing.missing(billing.of(buyer), settings.current()) is not None


def load(buyer: User, basket: Basket) -> Review:
    """Compute what the review page of `basket` shows `buyer`."""
    product = basket.product
    is_own = product is not None and basket.wanted[0].gift is None
    lock = kinds.kind_of(product).lock(buyer, product) if product is not None and is_own else None
    details = billing.of(buyer)
    return Review(
        basket=basket,
        quote=baskets.quote(buyer, basket),
        asked=order_consents.asked(),
        lock=lock,
        details=details,
        billing_missing=billing.missing(details, settings.current()),
    )

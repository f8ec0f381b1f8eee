"""Quoting: what an order costs, line by line: the offers of its products, a discount, tax, and shares.

Everything is computed here, on the server, whenever a cart is shown and when its order is frozen. Amounts are
minor units of the shop's currency.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from domain.base.money import apportion
from domain.catalog import kinds
from domain.catalog.kinds import Offer, Part
from domain.coupons import amounts, discounts
from domain.coupons.discounts import Discount, DiscountLine
from domain.gifts.terms import GiftTerms
from domain.platform import settings
from domain.tax.treatment import UNTAXED, Treatment, TreatmentKind
from models import BorneBy, Product, User

# Treatments under which a price that is shown with tax is also paid with it.
_PAID_WITH_TAX = (TreatmentKind.OWN, TreatmentKind.STRIPE)


@dataclass(frozen=True)
class Wanted:
    """A product that somebody wants to buy, for themselves or as a gift; `item_id` is its line in a cart."""

    product: Product
    gift: GiftTerms | None = None
    item_id: uuid.UUID | None = None


@dataclass(frozen=True)
class QuotedShare:
    """The part of a line that pays a creator for a course: `amount_cents` is the fee and the creator's."""

    part: Part
    amount_cents: int
    fee_cents: int


@dataclass(frozen=True)
class QuotedLine:
    """A line of a quote.

    `list_cents` is the price without a sale, `price_cents` the price before the discount and `discount_cents`
    the discount, as shown; `amount_cents` is what remains without tax, and is divided among `shares`.
    """

    wanted: Wanted
    list_cents: int
    price_cents: int
    discount_cents: int
    amount_cents: int
    tax_cents: int
    tax_rate_bp: int
    shares: tuple[QuotedShare, ...]

    @property
    def paid_cents(self) -> int:
        """Return what the buyer pays for the line, with tax."""
        return self.amount_cents + self.tax_cents


@dataclass(frozen=True)
class OrderQuote:
    """The costs of an order: its lines, the discount that applies, and the tax it is under.

    With Stripe Tax the tax is still unknown: prices that don't include it are without it here.
    """

    lines: tuple[QuotedLine, ...]
    discount: Discount
    currency: str
    treatment: Treatment = field(default=UNTAXED)

    @property
    def prices_include_tax(self) -> bool:
        """Tell whether the prices and the discount, as shown, are with tax."""
        return self.treatment.includes and self.treatment.kind in _PAID_WITH_TAX

    @property
    def subtotal_cents(self) -> int:
        """Sum the prices before the discount, as shown."""
        return sum(line.price_cents for line in self.lines)

    @property
    def discount_cents(self) -> int:
        """Sum the discounts, as shown."""
        return sum(line.discount_cents for line in self.lines)

    @property
    def tax_cents(self) -> int:
        """Sum the tax that is known."""
        return sum(line.tax_cents for line in self.lines)

    @property
    def total_cents(self) -> int:
        """Sum what is to be paid."""
        return sum(line.paid_cents for line in self.lines)


def quote_order(
    buyer: User | None, wanted: Sequence[Wanted], code: str, treatment: Treatment, at: datetime
) -> OrderQuote:
    """Compute what `wanted` costs `buyer` (None: a guest) at `at`, with the discount of `code` or a better.

    The quote is for showing and freezing; whether each product may be bought is asked elsewhere (baskets).
    """
    offers = [kinds.offer(buyer, one.product, at, gift=one.gift is not None) for one in wanted]
    found = discounts.find(
        buyer,
        [
            DiscountLine(one.product, offer.amount_cents, offer.parts)
            for one, offer in zip(wanted, offers, strict=True)
        ],
        code,
        at,
    )
    borne_by = found.coupon.borne_by if found.coupon is not None else None
    lines = tuple(
        _line(one, offer, off, borne_by, treatment)
        for one, offer, off in zip(wanted, offers, found.by_line, strict=True)
    )
    currency = wanted[0].product.currency if wanted else settings.current().currency
    return OrderQuote(lines, found, currency.lower(), treatment)


def _line(
    wanted: Wanted, offer: Offer, off: int, borne_by: BorneBy | None, treatment: Treatment
) -> QuotedLine:
    """Take discount and tax off an offer, and divide the rest."""
    price, discount = offer.amount_cents, off
    net, tax = treatment.split(price - off)
    before, _ = treatment.split(price)
    if treatment.kind == TreatmentKind.REVERSE_CHARGE:
        # The buyer owes the tax: every amount of the order is without it.
        price, discount = before, before - net
    return QuotedLine(
        wanted=wanted,
        list_cents=offer.list_cents,
        price_cents=price,
        discount_cents=discount,
        amount_cents=net,
        tax_cents=tax,
        tax_rate_bp=treatment.rate_bp,
        shares=divide(offer.parts, before, net, borne_by),
    )


def divide(parts: Sequence[Part], before: int, net: int, borne_by: BorneBy | None) -> tuple[QuotedShare, ...]:
    """Divide what is paid for a line, `net` of the `before` it cost, among its parts (largest remainder).

    The platform's fee follows from the percentage and from who bears the discount.
    """
    percent = settings.current().platform_fee_percent
    weights = [part.weight for part in parts]
    paid = apportion(net, weights)
    # Rounding may give a part a unit more of the smaller sum than of the larger one.
    full = [max(pair) for pair in zip(apportion(before, weights), paid, strict=True)]
    return tuple(
        QuotedShare(part, amount, amounts.fee(price, price - amount, percent, borne_by))
        for part, price, amount in zip(parts, full, paid, strict=True)
    )

"""Pricing of a course: its tier, price, and a sale with an end."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import jobs
from domain import Refused
from domain.authoring import course_details
from domain.base import clock, money
from domain.catalog import lifecycle, price_history, pricing
from domain.platform.audit_actions import AuditAction
from models import Product, Tier, User, db

# Hours, then lowest and highest price in US cents, as in the table's CHECK; see money.nominal.
_TIERS = {
    Tier.QUICK_SKILL: ((1, 2), 500, 1000),
    Tier.STANDARD: ((3, 5), 1500, 2500),
    Tier.DEEP_DIVE: ((6, 10), 2500, 4000),
}
_HIGHEST = 1_000_000


@dataclass(frozen=True)
class PriceInput:
    """A tier or none, and prices in minor units of the course's currency; a sale has a price and an end."""

    tier: Tier | None
    price_cents: int
    sale_price_cents: int | None
    sale_ends_at: datetime | None


def highest(currency: str) -> int:
    """Compute the highest price of a course, in minor units of `currency`."""
    return min(money.nominal(_HIGHEST, currency), money.MOST_CHARGE // 100 * 100)


class TierBounds(NamedTuple):
    """The bounds of a tier: least and most hours, lowest and highest price in minor units."""

    hours: tuple[int, int]
    lowest: int
    highest: int

    def holds(self, price_cents: int) -> bool:
        """Tell if a course of that price may have this size."""
        return self.lowest <= price_cents <= self.highest


def tiers(currency: str) -> dict[Tier, TierBounds]:
    """List the bounds of every tier in minor units of `currency`."""
    return {
        tier: TierBounds(hours, money.nominal(lowest, currency), money.nominal(highest, currency))
        for tier, (hours, lowest, highest) in _TIERS.items()
    }


def tier_price(tier: Tier, currency: str) -> str:
    """Say what a course of `tier` costs: “$5 to $10”."""
    bounds = tiers(currency)[tier]
    return f"{money.short(bounds.lowest, currency)} to {money.short(bounds.highest, currency)}"


def too_small(cents: int | None, currency: str) -> str:
    """Say the smallest price if `cents` is above 0 and below what can be charged; "" if it isn't."""
    least = money.least_charge(currency)
    if not cents or cents >= least:
        return ""
    return f"Payments start at {money.money(least, currency)}. Enter that or more, or 0 for free."


def price_of(course: Product) -> PriceInput:
    """Read the stored price; a sale that has ended is left out."""
    if course.sale_ends_at is None or course.sale_ends_at <= clock.now():
        return PriceInput(course.tier, course.price_cents, None, None)
    return PriceInput(course.tier, course.price_cents, course.sale_price_cents, course.sale_ends_at)


def amounts_of(course: Product) -> list[int]:
    """List what `course` costs now and after its sale, in minor units."""
    stored = price_of(course)
    return [cents for cents in (stored.price_cents, stored.sale_price_cents) if cents is not None]


def set_price(course: Product, actor: User, new: PriceInput) -> None:
    """Set the price of a product from now on; pending orders keep the price they began with.

    Raises Refused with its field.
    """
    lifecycle.lock_and_reload(course)
    stored = price_of(course)
    _check_price(new, course.currency)
    _check_sale(new, stored, course.currency)
    with db.session.no_autoflush:  # the tier and the price are checked together
        course.tier = new.tier
        price_history.change(course, new.price_cents, new.sale_price_cents, new.sale_ends_at)
    course_details.record_change(course, actor, AuditAction.SET_PRICE)
    announce_sale(course)


def announce_sale(course: Product) -> None:
    """Enqueue the job that notifies everybody with `course` on their wishlist of its sale.

    Idempotent: one job key for each sale, however often it is saved. Does nothing without a current sale.
    """
    if not pricing.has_sale(course, clock.now()):
        return
    assert course.sale_ends_at is not None  # noqa: S101 - what a sale has
    key = f"wished_sale:{course.id}:{course.sale_ends_at:%Y%m%d%H%M}"
    jobs.enqueue("tell_of_sale", key=key, course_id=str(course.id))


def _check_price(new: PriceInput, currency: str) -> None:
    if new.price_cents > highest(currency):
        raise Refused(f"It can cost up to {money.short(highest(currency), currency)}.", "price")
    if new.tier is not None and not tiers(currency)[new.tier].holds(new.price_cents):
        raise Refused(f"A course of this size costs {tier_price(new.tier, currency)}.", "price")
    if sentence := too_small(new.price_cents, currency):
        raise Refused(sentence, "price")


def _check_sale(new: PriceInput, stored: PriceInput, currency: str) -> None:
    if new.sale_price_cents is None and new.sale_ends_at is None:
        return
    if new.sale_price_cents is None:
        raise Refused("Enter the sale price, or leave the end date empty too.", "sale_price")
    if new.sale_ends_at is None:
        raise Refused("Say when the sale ends.", "sale_ends")
    if new.sale_price_cents >= new.price_cents:
        raise Refused("The sale price must be lower than the price.", "sale_price")
    if sentence := too_small(new.sale_price_cents, currency):
        raise Refused(sentence, "sale_price")
    if new.sale_ends_at <= clock.now() and new.sale_ends_at != stored.sale_ends_at:
        raise Refused("This time has passed. Choose a later one.", "sale_ends")

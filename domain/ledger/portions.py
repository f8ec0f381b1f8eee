"""Portions: what of an amount that goes back belongs to which line, and how much of it is tax."""

from collections.abc import Sequence
from typing import NamedTuple

from domain.base import money
from models import Purchase


class Portion(NamedTuple):
    """The part of an amount that one line gives back, in minor units: without tax, and the tax on it."""

    purchase: Purchase
    net_cents: int
    tax_cents: int

    @property
    def gross_cents(self) -> int:
        """Add the tax."""
        return self.net_cents + self.tax_cents


def of_line(purchase: Purchase, gross_cents: int) -> Portion:
    """Divide an amount of one line into net and tax, in proportion to what is left of both (half up).

    What is left is given back exactly, however often part of it was before.
    """
    left = purchase.left_cents
    tax = (2 * gross_cents * purchase.tax_left_cents + left) // (2 * left) if left else 0
    # Rounding must not take more of the net than is left.
    tax = max(tax, gross_cents - (left - purchase.tax_left_cents))
    return Portion(purchase, gross_cents - tax, tax)


def shared_out(purchases: Sequence[Purchase], gross_cents: int) -> list[Portion]:
    """Divide an amount among lines in proportion to what is left of each (largest remainder).

    At most all that is left; lines that give nothing back are left out. Amounts keep to the steps in which
    the currency can be paid back, where all of them do, so that each line's rest can be paid by itself.
    """
    left = [purchase.left_cents for purchase in purchases]
    given = min(gross_cents, sum(left))
    step = money.step(purchases[0].currency) if purchases else 1
    unit = step if not any(cents % step for cents in (given, *left)) else 1
    parts = [unit * part for part in money.apportion(given // unit, [cents // unit for cents in left])]
    return [of_line(purchase, cents) for purchase, cents in zip(purchases, parts, strict=True) if cents]

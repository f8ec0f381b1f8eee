"""Tax in the demo: sales of the last quarter that were taxed where the buyer lives, and rates of exchange."""

from datetime import datetime
from typing import Any

from domain.analytics import periods
from domain.base import clock
from domain.tax.treatment import TreatmentKind
from models import EuroRate, Order, db

# By the number of a sale in turn: what is sold to Ireland isn't taxed here.
RATES = (("DE", 1900), ("FR", 2000), ("IE", 0), ("NL", 2100))
USD_MILLIONTHS = (1_085_700, 1_103_900, 1_072_400, 1_091_600, 1_080_500)


def of_sale(number: int, at: datetime, price: int) -> tuple[str, int, int]:
    """Choose the buyer's country, the rate in hundredths of a percent, and compute the tax in `price`.

    Only sales of the last quarter are taxed; others are "", 0, 0.
    """
    last = periods.recent_quarters(clock.now().date())[1]
    country, rate = RATES[number % len(RATES)]
    if not (price and rate and last.first <= at.date() <= last.last):
        return "", 0, 0
    return country, rate, within(price, rate)


def within(price: int, rate_bp: int) -> int:
    """Compute the tax that is in a price, in minor units, rounded half up.

    >>> within(1190, 1900), within(1000, 0)
    (190, 0)
    """
    below = 2 * (10_000 + rate_bp)
    return (2 * price * rate_bp + below // 2) // below


def tell(order: Order, country: str) -> None:
    """Freeze into a taxed order where its buyer is; its prices include the tax."""
    if not order.tax_cents:
        return
    order.prices_include_tax = True
    order.billing = {"country": country}
    details: dict[str, Any] = {"tax_country": country, "tax_place": country, "tax_sentence": ""}
    order.details = {"tax_kind": TreatmentKind.OWN.value, **details}


def add_euro_rates() -> None:
    """Insert what a euro was worth at the end of the last quarters."""
    quarters = periods.recent_quarters(clock.now().date(), len(USD_MILLIONTHS))
    for quarter, millionths in zip(quarters, USD_MILLIONTHS, strict=True):
        db.session.add(EuroRate(quarter=quarter.key, currency="usd", millionths=millionths))

"""The tax of a sale: which kind applies to a buyer, and how a shown price splits into net and tax.

Everything here is a pure function of the settings and of the buyer's particulars. An order freezes what it
was given. In the shop's own mode:

- A business with a confirmed VAT id of another member state than the seller's pays none (reverse charge,
  Art. 196 of directive 2006/112/EC).
- Consumers in the EU pay the rate of their country, or everywhere the seller's while the shop is below the
  threshold of Art. 59c. A member state without a rate has the seller's, so that nothing is sold untaxed.
- Others pay the rate that is set for their country, or none.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.base import money
from domain.tax import countries
from models import TaxMode, VatState

BASIS = 10_000  # basis points of a whole
REVERSE_CHARGE = "Reverse charge"


class TreatmentKind(StrEnum):
    """The kind of a treatment. `stripe`: Stripe computes the tax when the buyer pays."""

    NONE = "none"
    OWN = "own"
    REVERSE_CHARGE = "reverse_charge"
    STRIPE = "stripe"


class Buyer(Protocol):
    """The particulars that tax depends on; BillingDetails has them."""

    country: str
    vat_id: str
    vat_state: VatState


class Rules(Protocol):
    """The settings that tax depends on; ShopSettings has them. Rates are basis points by country."""

    @property
    def tax_mode(self) -> TaxMode: ...
    @property
    def tax_rates(self) -> dict[str, int]: ...
    @property
    def prices_include_tax(self) -> bool: ...
    @property
    def tax_seller_rate(self) -> bool: ...
    @property
    def tax_sentence(self) -> str: ...
    @property
    def seller_country(self) -> str: ...
    @property
    def seller_vat_id(self) -> str: ...
    @property
    def currency(self) -> str: ...


@dataclass(frozen=True)
class Treatment:
    """The tax of a sale: its rate in basis points (1900 is 19 %) and the buyer's country.

    `includes`: shown prices include tax. `sentence` is printed on documents. `included_bp` is the rate that
    shown prices contain, which a reverse charge takes out of them. `place` is the country whose tax it is, ""
    without tax of the shop's own. `step` is the smallest amount that can be charged beside another
    (money.step).
    """

    kind: TreatmentKind
    rate_bp: int = 0
    includes: bool = True
    country: str = ""
    sentence: str = ""
    included_bp: int = 0
    place: str = ""
    step: int = 1

    def split(self, shown_cents: int) -> tuple[int, int]:
        """Split a shown price into its net amount and its tax, rounded half up; both in minor units.

        What is to be paid, net and tax, can be charged in the currency if `shown_cents` can. With Stripe the
        tax is 0 here, and with prices that include it the net amount is known once Stripe has said its tax.

        >>> Treatment(TreatmentKind.OWN, 1900, included_bp=1900).split(1900)
        (1597, 303)
        >>> Treatment(TreatmentKind.OWN, 1900, includes=False).split(1900)
        (1900, 361)
        >>> Treatment(TreatmentKind.REVERSE_CHARGE, included_bp=2100).split(1900)
        (1570, 0)
        """
        if self.kind == TreatmentKind.REVERSE_CHARGE:
            return shown_cents - contained(shown_cents, self.included_bp, self.step), 0
        if self.kind != TreatmentKind.OWN:
            return shown_cents, 0
        if self.includes:
            tax = contained(shown_cents, self.rate_bp)
            return shown_cents - tax, tax
        return shown_cents, added(shown_cents, self.rate_bp, self.step)


UNTAXED = Treatment(TreatmentKind.NONE)


def of(details: Buyer | None, settings: Rules, at: datetime) -> Treatment:
    """Choose the treatment of what `details` buys at `at`.

    Whose country isn't known, such as a visitor (None), is taken to be in the seller's. Rates have no
    history: an order keeps those of its moment. `at` is there for the rates that will.
    """
    country = (details.country if details is not None else "") or settings.seller_country
    includes, step = settings.prices_include_tax, money.step(settings.currency)
    if settings.tax_mode == TaxMode.NONE:
        return Treatment(TreatmentKind.NONE, country=country, sentence=settings.tax_sentence, step=step)
    if settings.tax_mode == TaxMode.STRIPE:
        return Treatment(TreatmentKind.STRIPE, 0, includes, country, place=country, step=step)
    rate = rate_for(country, settings)
    included = rate if includes else 0
    if details is not None and is_reverse_charged(details, settings):
        kind, sentence = TreatmentKind.REVERSE_CHARGE, REVERSE_CHARGE
        return Treatment(kind, 0, includes, country, sentence, included, country, step)
    place = place_for(country, settings)
    return Treatment(TreatmentKind.OWN, rate, includes, country, "", included, place, step)


def is_reverse_charged(details: Buyer, settings: Rules) -> bool:
    """Tell whether the buyer owes the tax: a confirmed VAT id of another member state, which they live in.

    Only a seller with a VAT id can: the invoice names both.
    """
    member = countries.of_vat_id(details.vat_id)
    return (
        details.vat_state == VatState.CONFIRMED
        and bool(settings.seller_vat_id)
        and bool(member)
        and member == details.country
        and member != settings.seller_country
    )


def rate_for(country: str, settings: Rules) -> int:
    """Find the rate in basis points that a consumer in `country` pays in the shop's own mode."""
    sellers = settings.tax_rates.get(settings.seller_country, 0)
    if countries.is_in_union(country) and countries.is_in_union(settings.seller_country):
        return sellers if settings.tax_seller_rate else settings.tax_rates.get(country, sellers)
    return settings.tax_rates.get(country, 0)


def place_for(country: str, settings: Rules) -> str:
    """Find the country whose tax a consumer in `country` pays in the shop's own mode; "" for none's."""
    if countries.is_in_union(country) and countries.is_in_union(settings.seller_country):
        return settings.seller_country if settings.tax_seller_rate else country
    return country if country in settings.tax_rates else ""


def contained(gross_cents: int, rate_bp: int, step: int = 1) -> int:
    """Compute the tax that is in `gross_cents`, rounded half up to a multiple of `step`.

    >>> contained(11900, 1900), contained(100, 2100), contained(1000, 1000)
    (1900, 17, 91)
    """
    return _half_up(gross_cents * rate_bp, BASIS + rate_bp, step)


def added(net_cents: int, rate_bp: int, step: int = 1) -> int:
    """Compute the tax on top of `net_cents`, rounded half up to a multiple of `step`.

    >>> added(10000, 1900), added(50, 1900), added(50, 2100)
    (1900, 10, 11)
    """
    return _half_up(net_cents * rate_bp, BASIS, step)


def _half_up(above: int, below: int, step: int) -> int:
    """Divide whole numbers that aren't negative, rounded half up to a multiple of `step`."""
    return (2 * above + below * step) // (2 * below * step) * step

"""The return for the EU's one-stop shop (OSS): a quarter's sales to consumers in other member states, in EUR.

What is credited in a later quarter than it was sold is a correction of that quarter, by country and without
rate (Art. 369g of directive 2006/112/EC). Amounts in other currencies are converted at the European Central
Bank's rate of the last day of the quarter they belong to (Art. 369h), which an admin enters.
"""

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

from sqlalchemy import select

from domain import Refused
from domain.analytics import periods, taxed_documents
from domain.analytics.periods import Period
from domain.analytics.taxed_documents import TaxedDocument
from domain.base import money
from domain.tax import countries
from models import EuroRate, db, upsert

EUR = "eur"
MILLION = 1_000_000
_LARGEST = 1_000_000  # units per euro


@dataclass(frozen=True)
class Supply:
    """The sales to one country at one rate, less what was credited in the same quarter; cents of a euro."""

    country: str
    rate_bp: int
    net_cents: int
    tax_cents: int


@dataclass(frozen=True)
class Correction:
    """The tax to add to (or, negative, take off) what was declared for an earlier quarter."""

    quarter: Period
    country: str
    tax_cents: int


@dataclass
class Return:
    """A quarter's return. `missing` are the rates to enter first, as (quarter, currency)."""

    quarter: Period
    supplies: list[Supply] = field(default_factory=list)
    corrections: list[Correction] = field(default_factory=list)
    missing: list[tuple[Period, str]] = field(default_factory=list)

    @property
    def due(self) -> list[tuple[str, int]]:
        """Add up the tax for each country, corrections included."""
        sums: Counter[str] = Counter()
        for sold in self.supplies:
            sums[sold.country] += sold.tax_cents
        for part in self.corrections:
            sums[part.country] += part.tax_cents
        return sorted(sums.items(), key=lambda item: countries.name(item[0]))


def of_quarter(quarter: Period) -> Return:
    """Make the return of `quarter` from the documents issued in it."""
    supplies: Counter[tuple[str, int, str, str]] = Counter()
    corrections: Counter[tuple[str, str, str]] = Counter()
    for document in taxed_documents.issued_between(quarter.first, quarter.last):
        if not _belongs(document):
            continue
        sold_in = periods.quarter_of(document.supplied_on)
        for part in document.taxes:
            if sold_in.first < quarter.first:
                corrections[sold_in.key, document.place, document.currency] += document.sign * part.tax_cents
            elif part.rate_bp:
                key = document.place, part.rate_bp, document.currency
                supplies[*key, "net"] += document.sign * part.net_cents
                supplies[*key, "tax"] += document.sign * part.tax_cents
    return _converted(quarter, supplies, corrections)


def save_rate(quarter: Period, currency: str, typed: str) -> None:
    """Store how many units of `currency` a euro was worth at the end of `quarter`. Raises Refused."""
    try:
        rate = Decimal(typed.strip().replace(",", "."))
    except InvalidOperation:
        rate = Decimal(0)
    if not (rate.is_finite() and 0 < rate < _LARGEST and rate == round(rate, 6)):
        raise Refused("Enter what one euro was worth, such as 1.0857, with up to six decimals.", "rate")
    values = {"quarter": quarter.key, "currency": currency.lower(), "millionths": int(rate * MILLION)}
    row = upsert(EuroRate).values(values)
    change = {"millionths": values["millionths"]}
    db.session.execute(row.on_conflict_do_update(index_elements=["quarter", "currency"], set_=change))


def _belongs(document: TaxedDocument) -> bool:
    """Tell whether the tax is that of another member state than the seller's, paid by a consumer."""
    return (
        countries.is_in_union(document.place)
        and document.place != document.seller
        and any(part.tax_cents for part in document.taxes)
    )


def _converted(
    quarter: Period,
    supplies: Counter[tuple[str, int, str, str]],
    corrections: Counter[tuple[str, str, str]],
) -> Return:
    """Convert the sums; without their rates of exchange nothing is said but which are missing."""
    rates = _Rates()
    found, sums = Return(quarter), Counter[tuple[str, int, str]]()
    for (country, rate_bp, currency, what), cents in supplies.items():
        sums[country, rate_bp, what] += rates.convert(cents, currency, quarter)
    corrected: Counter[tuple[str, str]] = Counter()
    for (key, country, currency), cents in corrections.items():
        corrected[key, country] += rates.convert(cents, currency, periods.read(key))
    found.missing = rates.missing
    if found.missing:
        return found
    keys = sorted({key[:2] for key in sums}, key=lambda key: (countries.name(key[0]), -key[1]))
    found.supplies = [Supply(*key, sums[*key, "net"], sums[*key, "tax"]) for key in keys]
    found.corrections = [
        Correction(periods.read(key), country, cents)
        for (key, country), cents in sorted(corrected.items())
        if cents
    ]
    return found


class _Rates:
    """The stored rates of exchange, and those that were asked for in vain."""

    def __init__(self) -> None:
        rows = db.session.execute(select(EuroRate.quarter, EuroRate.currency, EuroRate.millionths))
        self._stored = {(quarter, currency): millionths for quarter, currency, millionths in rows}
        self.missing: list[tuple[Period, str]] = []

    def convert(self, cents: int, currency: str, quarter: Period) -> int:
        """Convert minor units of `currency` into cents of a euro, rounded half up (away from 0)."""
        if currency == EUR:
            return cents
        millionths = self._stored.get((quarter.key, currency))
        if millionths is None:
            if (quarter, currency) not in self.missing:
                self.missing.append((quarter, currency))
            return 0
        above = abs(cents) * 100 * MILLION
        below = 10 ** money.minor_digits(currency) * millionths
        return (1 if cents >= 0 else -1) * ((2 * above + below) // (2 * below))

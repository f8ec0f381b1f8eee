"""Automatic tax: a fixed table of rates by country, applied to the lines of a session."""

from __future__ import annotations

from typing import NamedTuple

from .engine import Sandbox
from .errors import StripeError
from .store import Body

# Standard rates in hundredths of a percent. A table to test with, not advice on tax.
EU = {
    "AT": 2000, "BE": 2100, "BG": 2000, "CY": 1900, "CZ": 2100, "DE": 1900, "DK": 2500, "EE": 2400,
    "ES": 2100, "FI": 2550, "FR": 2000, "GR": 2400, "HR": 2500, "HU": 2700, "IE": 2300, "IT": 2200,
    "LT": 2100, "LU": 1700, "LV": 2100, "MT": 1800, "NL": 2100, "PL": 2300, "PT": 2300, "RO": 2100,
    "SE": 2500, "SI": 2200, "SK": 2300,
}  # fmt: skip
RATES = {**EU, "CH": 810, "GB": 2000, "JP": 1000, "NO": 2500}


class Rate(NamedTuple):
    """The rate of a country for a buyer, in hundredths of a percent, and Stripe's word for why."""

    bp: int
    reason: str


def rate_of(seller: str, country: str, tax_ids: list[Body]) -> Rate:
    """Look up the rate: none where nothing is collected, or a business abroad in the EU owes it itself."""
    if country not in RATES:
        return Rate(0, "not_collecting")
    business = any(one["type"] == "eu_vat" for one in tax_ids)
    if business and country in EU and seller in EU and country != seller:
        return Rate(0, "reverse_charge")
    return Rate(RATES[country], "standard_rated")


def share_of(amount: int, bp: int, inclusive: bool) -> int:
    """Compute the tax on, or in, an amount; half a unit is rounded up."""
    whole = 10_000 + bp if inclusive else 10_000
    return (2 * amount * bp + whole) // (2 * whole)


def check(items: list[Body]) -> None:
    """Refuse lines that don't say whether their price includes tax. StripeError."""
    for number, item in enumerate(items):
        if item["price"]["tax_behavior"] == "unspecified":
            name = f"line_items[{number}][price_data][tax_behavior]"
            raise StripeError("Automatic tax needs a `tax_behavior` on every price.", param=name)


def compute(sandbox: Sandbox, session: Body, country: str, tax_ids: list[Body]) -> None:
    """Compute the tax of a session's lines for a buyer in `country`, and total it anew."""
    rate = rate_of(sandbox.settings.country, country, tax_ids)
    for item in session["_line_items"]:
        inclusive = item["price"]["tax_behavior"] == "inclusive"
        tax = share_of(item["amount_subtotal"], rate.bp, inclusive)
        item["amount_tax"] = tax
        item["amount_total"] = item["amount_subtotal"] + (0 if inclusive else tax)
        item["_taxes"] = [
            {
                "amount": tax,
                "rate": tax_rate(sandbox, rate, country, inclusive),
                "taxability_reason": rate.reason,
                "taxable_amount": item["amount_total"] - tax if rate.bp else 0,
            }
        ]
    session["automatic_tax"]["status"] = "complete"
    total(session)


def total(session: Body) -> None:
    """Add up the amounts of a session's lines."""
    items = session["_line_items"]
    session["amount_subtotal"] = sum(item["amount_subtotal"] for item in items)
    session["amount_total"] = sum(item["amount_total"] for item in items)
    session["total_details"]["amount_tax"] = sum(item["amount_tax"] for item in items)


def named(session: Body) -> list[tuple[str, int]]:
    """List the taxes of a session for people: name with rate, and amount."""
    sums: dict[str, int] = {}
    for item in session["_line_items"]:
        for tax in item["_taxes"]:
            name = in_words(tax)
            sums[name] = sums.get(name, 0) + tax["amount"]
    return list(sums.items())


def in_words(tax: Body) -> str:
    """Name a tax with its rate, and whether prices include it."""
    rate = tax["rate"]
    if tax["taxability_reason"] == "standard_rated":
        included = ", included" if rate["inclusive"] else ""
        return f"{rate['display_name']} {rate['percentage']:g} %{included}"
    return "VAT, reverse charge" if tax["taxability_reason"] == "reverse_charge" else "No tax is collected"


def tax_rate(sandbox: Sandbox, rate: Rate, country: str, inclusive: bool) -> Body:
    """Build the rate that a tax names."""
    return {
        "id": f"txr_{country.lower()}{rate.bp}{'inclusive' if inclusive else 'exclusive'}",
        "object": "tax_rate",
        "active": False,
        "country": country,
        "created": sandbox.now(),
        "description": None,
        "display_name": "VAT" if country in RATES else "Tax",
        "effective_percentage": rate.bp / 100,
        "flat_amount": None,
        "inclusive": inclusive,
        "jurisdiction": country,
        "jurisdiction_level": "country",
        "livemode": False,
        "metadata": {},
        "percentage": rate.bp / 100,
        "rate_type": "percentage",
        "state": None,
        "tax_type": "vat" if country in RATES else None,
    }

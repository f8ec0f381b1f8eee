"""Rates of tax in basis points (1900 is 19%), and how they are typed: a country and a percentage per line."""

import re
from decimal import Decimal

from domain import Refused
from domain.tax import countries

_LINE = re.compile(r"(?P<country>.+?)[\s:=,;]+(?P<rate>[0-9]{1,2}(?:[.,][0-9]{1,2})?)\s*%?")


def percent(rate_bp: int) -> str:
    """Format a rate: 1900 is 19%, 810 is 8.1%.

    >>> percent(1900), percent(810), percent(0)
    ('19%', '8.1%', '0%')
    """
    return f"{_number(rate_bp)}%"


def typed(rates: dict[str, int]) -> list[str]:
    """List the rates as they are typed: “Germany 19”, in the order of the countries' names."""
    return sorted(f"{countries.name(country)} {_number(rate)}" for country, rate in rates.items())


def parse(lines: list[str]) -> dict[str, int]:
    """Parse one rate per line, of a country by its code or English name. Raises Refused."""
    rates: dict[str, int] = {}
    for line in lines:
        found = _LINE.fullmatch(line.strip())
        country = _country(found["country"]) if found else ""
        if found is None or not country:
            raise Refused(f"“{line}” isn’t a country and a percentage, such as “Germany 19” or “DE 19”.")
        if country in rates:
            raise Refused(f"{countries.name(country)} has two rates.")
        rates[country] = int(Decimal(found["rate"].replace(",", ".")) * 100)
    return rates


def _country(text: str) -> str:
    """Find a country by its code or name; "" for neither."""
    code, names = text.strip().upper(), countries.names()
    if code in names:
        return code
    return next((code for code, name in names.items() if name.casefold() == text.strip().casefold()), "")


def _number(rate_bp: int) -> str:
    return f"{Decimal(rate_bp) / 100:.2f}".rstrip("0").rstrip(".")

"""Money: whole minor units of a currency; the one place that parses, rounds, divides and formats amounts.

How many decimals a minor unit has is Stripe's word (https://docs.stripe.com/currencies), which differs from
the CLDR's for some currencies; symbols and the shape of a number are Babel's, in English.
"""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from babel import numbers

from domain import Refused

ZERO_DECIMAL = frozenset(
    ["BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF"]
)
THREE_DECIMAL = frozenset(["BHD", "JOD", "KWD", "OMR", "TND"])
# Without coins today; Stripe keeps counting hundredths of them and refuses any but 00.
WHOLE_ONLY = frozenset(["ISK", "UGX"])
# The smallest charge in minor units, where money is paid out in the currency that was charged
# (https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts). For a currency that isn't listed
# _LEAST is asked here; Stripe converts the minimum of the payout's currency, which can be more.
LEAST_CHARGES = {
    "AED": 200, "BGN": 100, "CZK": 1500, "DKK": 250, "GBP": 30, "HKD": 400, "HUF": 17_500, "MXN": 1000,
    "MYR": 200, "NOK": 300, "PLN": 200, "RON": 200, "SEK": 300, "THB": 1000,
}  # fmt: skip
_LEAST = 50
# The largest charge in minor units: Stripe takes eight digits (same page).
MOST_CHARGE = 99_999_999
# Roughly the worth of a US dollar, where bounds in dollars would lie below the smallest charge.
_PER_DOLLAR = {"CZK": 25, "HUF": 400, "MXN": 20, "THB": 40}

_LOCALE = "en_US"
_NBSP = "\u00a0"
_DIGITS = 9  # before the decimals: more than any price has
_PLAIN = re.compile(r"([0-9]+)(?:[.,]([0-9]+))?", re.ASCII)
_GROUPED = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+)(?:\.([0-9]+))?", re.ASCII)


def minor_digits(currency: str) -> int:
    """Return the number of decimals of `currency` (ISO code, any case): 0, 2 or 3."""
    code = currency.upper()
    return 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2


def step(currency: str) -> int:
    """Return the smallest amount that can be charged beside another, in minor units.

    Stripe takes three decimals only with a last digit of 0, and hundredths of a króna not at all.
    """
    code = currency.upper()
    return 10 if code in THREE_DECIMAL else 100 if code in WHOLE_ONLY else 1


def least_charge(currency: str) -> int:
    """Return the smallest amount that can be paid, in minor units of `currency`."""
    code = currency.upper()
    return max(LEAST_CHARGES.get(code, _LEAST), step(code))


def nominal(hundredths: int, currency: str) -> int:
    """Convert a bound for prices, in hundredths of a unit such as US cents, into minor units of `currency`.

    1000 is 10.00 USD and 10.000 KWD, but 1,000 JPY: a unit without decimals is worth little. So is a forint:
    it's 4,000.00 HUF.
    """
    return hundredths * (10 if minor_digits(currency) == 3 else _PER_DOLLAR.get(currency.upper(), 1))


def minor_unit(currency: str) -> str:
    """Name what amounts of `currency` are counted in: cents, JPY, or thousandths of KWD."""
    code = currency.upper()
    return {0: code, 2: "cents", 3: f"thousandths of {code}"}[minor_digits(currency)]


def symbol(currency: str) -> str:
    """Return what stands for `currency` in English: $, CA$, ¥, or its code where it has no sign."""
    return numbers.get_currency_symbol(currency.upper(), _LOCALE)


@lru_cache(4096)
def money(cents: int, currency: str) -> str:
    """Format `cents` minor units of `currency`: 1900 USD is $19.00, 1900 JPY is ¥1,900."""
    digits, sign = minor_digits(currency), symbol(currency)
    space = _NBSP if sign[-1:].isalpha() else ""
    shape = f"¤{space}#,##0{'.' + '0' * digits if digits else ''}"
    amount = Decimal(cents).scaleb(-digits)
    return numbers.format_currency(
        amount, currency.upper(), f"{shape};−{shape}", _LOCALE, currency_digits=False
    )


def short(cents: int, currency: str) -> str:
    """Format like `money`, without decimals that are all 0: 1900 USD is $19, 1950 is $19.50."""
    digits = minor_digits(currency)
    return money(cents, currency).removesuffix(f".{'0' * digits}") if digits else money(cents, currency)


def plain(cents: int, currency: str) -> str:
    """Format as a decimal for machines (CSV, JSON-LD): 1900 USD is 19.00, 1900 KWD is 1.900."""
    digits = minor_digits(currency)
    return f"{Decimal(cents).scaleb(-digits):.{digits}f}"


def typed(cents: int, currency: str) -> str:
    """Format as people type it into a field: 1900 USD is 19, 1950 is 19.50."""
    digits = minor_digits(currency)
    return plain(cents, currency).removesuffix(f".{'0' * digits}") if digits else str(cents)


def parse(text: str, currency: str) -> int:
    """Parse an amount of `currency` as people type it into minor units.

    Takes its sign or code before or behind it, a point or a comma before the decimals, and commas between
    thousands where they can't be taken for one. Raises Refused, with a sentence about what is wrong.
    """
    digits = minor_digits(currency)
    found = _number(_without_sign(text, currency), digits)
    if found is None or len(found[1]) > digits or len(found[0]) > _DIGITS:
        raise Refused(f"Enter an amount in {currency.upper()} such as {_examples(currency)}.")
    cents = int(found[0] + found[1].ljust(digits, "0"))
    if cents % step(currency):
        raise Refused(f"Enter an amount such as {_examples(currency)}: {_finest(currency)}.")
    return cents


def percentage(cents: int, percent: int) -> int:
    """Compute `percent` of an amount that isn't negative, rounded half up in minor units."""
    return (cents * percent + 50) // 100


def apportion(amount: int, weights: Sequence[int]) -> list[int]:
    """Divide `amount` by `weights` into whole minor units that add up to it (largest remainder method).

    Of equal remainders the earlier one is rounded up. Without any weight the parts are equal.

    >>> apportion(100, [1, 1, 1])
    [34, 33, 33]
    """
    total = sum(weights)
    if total == 0:
        weights, total = [1] * len(weights), len(weights)
    parts = [amount * weight // total for weight in weights]
    largest = sorted(range(len(weights)), key=lambda place: -(amount * weights[place] % total))
    for place in largest[: amount - sum(parts)]:
        parts[place] += 1
    return parts


def _without_sign(text: str, currency: str) -> str:
    """Remove the currency's sign or code, before or behind the number."""
    number = text.strip()
    code, sign = currency.upper(), symbol(currency)
    for mark in (code, sign, sign if sign[-1:].isalpha() else sign[-1:]):
        if number.upper().startswith(mark):
            return number[len(mark) :].strip()
        if number.upper().endswith(mark):
            return number[: -len(mark)].strip()
    return number


def _number(text: str, digits: int) -> tuple[str, str] | None:
    """Split into the digits before and behind the decimal point.

    None for what isn't a number, or may be two: in a currency of three decimals 1,900 is 1.9 or 1900.
    """
    grouped = _GROUPED.fullmatch(text)
    if grouped is not None:
        is_clear = digits != 3 or grouped[2] is not None or grouped[1].count(",") > 1
        return (grouped[1].replace(",", ""), grouped[2] or "") if is_clear else None
    found = _PLAIN.fullmatch(text)
    return (found[1], found[2] or "") if found else None


def _examples(currency: str) -> str:
    unit = 10 ** minor_digits(currency)
    if step(currency) >= unit:
        return typed(1900 * unit, currency)
    return f"{typed(19 * unit, currency)} or {typed(19 * unit + unit // 2, currency)}"


def _finest(currency: str) -> str:
    code = currency.upper()
    return f"{code} has no decimals" if code in WHOLE_ONLY else f"in {code} the third decimal must be 0"

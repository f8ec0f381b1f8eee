"""VAT ids: how they are written, and their check digits. Whether one is in use is the register's to say."""

import re

from stdnum.eu import vat
from stdnum.exceptions import ValidationError

from domain import Refused
from domain.tax import countries

LONGEST = 20
_BETWEEN = re.compile(r"[\s.\-/]")


def normalise(typed: str, country: str) -> str:
    """Normalise the VAT id of a business in `country`: DE136695976 for “de 136 695 976”, or without prefix.

    Outside the EU only its length is checked. Raises Refused.
    """
    number = _BETWEEN.sub("", typed).upper()
    if not countries.is_in_union(country):
        if not number.isalnum() or not number.isascii() or len(number) > LONGEST:
            raise Refused(f"Enter at most {LONGEST} letters and digits.", "vat_id")
        return number
    other = countries.of_vat_id(number)
    prefix = countries.vat_prefix(country)
    if other not in ("", country) and vat.is_valid(number):
        raise Refused(
            f"This is a VAT id of {countries.name(other)}, not of {countries.name(country)}.", "vat_id"
        )
    full = number if number.startswith(prefix) else prefix + number
    try:
        return prefix + vat.validate(full).removeprefix(prefix)
    except ValidationError:
        raise Refused(
            f"This isn’t a VAT id of {countries.name(country)}. Check it for typos.", "vat_id"
        ) from None

"""Countries by their ISO code (3166-1 alpha-2): names, the European Union, prefixes of VAT ids."""

from functools import cache

from babel import Locale

EUROPEAN_UNION = frozenset(
    ["AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT",
     "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"]
)  # fmt: skip
# Codes of the CLDR that are no country's: unions, test regions, the unknown region.
_NO_COUNTRY = frozenset(["EU", "EZ", "QO", "UN", "XA", "XB", "ZZ"])
_PREFIXES = {"GR": "EL"}


@cache
def names() -> dict[str, str]:
    """Map the code of each country to its English name, in the order of the names."""
    territories = Locale("en").territories.items()
    codes = {code: name for code, name in territories if code.isalpha() and code not in _NO_COUNTRY}
    return dict(sorted(codes.items(), key=lambda item: item[1]))


def name(code: str) -> str:
    """Name the country `code` in English; the code itself where it's unknown."""
    return names().get(code, code)


def is_in_union(code: str) -> bool:
    """Tell whether `code` is a member state of the European Union."""
    return code in EUROPEAN_UNION


def vat_prefix(code: str) -> str:
    """Return how VAT ids of the member state `code` begin: its code, but EL for Greece."""
    return _PREFIXES.get(code, code)


def of_vat_id(vat_id: str) -> str:
    """Return the member state whose prefix `vat_id` has; "" for none's."""
    prefix = vat_id[:2].upper()
    return next((code for code in EUROPEAN_UNION if vat_prefix(code) == prefix), "")

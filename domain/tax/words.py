"""The words beside a price: which tax it includes, or that some is added."""

from domain.tax import countries, rates
from domain.tax.treatment import Treatment, TreatmentKind

# Countries outside the EU whose tax on sales is called value added tax, VAT, in English.
_VAT = frozenset(["AE", "CH", "CN", "GB", "IM", "IS", "LI", "MC", "NO", "RS", "SA", "TR", "UA", "ZA"])


def tax_name(country: str) -> str:
    """Name the tax on sales in `country` in English: VAT, or just tax."""
    return "VAT" if countries.is_in_union(country) or country in _VAT else "tax"


def label(treatment: Treatment) -> str:
    """Name the tax of `treatment` in a sum: 19% VAT.

    >>> label(Treatment(TreatmentKind.OWN, 1900, country="DE"))
    '19% VAT'
    """
    name = tax_name(treatment.country)
    return f"{rates.percent(treatment.rate_bp)} {name}" if treatment.rate_bp else name


def beside_price(treatment: Treatment) -> str:
    """Say how a shown price stands to tax: “includes 19% VAT”; "" where there is none.

    >>> beside_price(Treatment(TreatmentKind.OWN, 1900, country="DE"))
    'includes 19% VAT'
    >>> beside_price(Treatment(TreatmentKind.STRIPE, includes=False, country="US"))
    'plus tax'
    """
    name = tax_name(treatment.country)
    if treatment.kind == TreatmentKind.REVERSE_CHARGE:
        return f"{name} is taken off at checkout" if treatment.included_bp else f"without {name}"
    if treatment.kind == TreatmentKind.STRIPE:
        return "includes tax" if treatment.includes else "plus tax"
    if not treatment.rate_bp:
        return ""
    return f"{'includes' if treatment.includes else 'plus'} {label(treatment)}"

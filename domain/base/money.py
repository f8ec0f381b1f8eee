"""Money: minor units of a currency, and formatting them."""

from decimal import Decimal

# ISO 4217 as Stripe counts minor units: https://docs.stripe.com/currencies
ZERO_DECIMAL = frozenset(
    (
        "BIF",
        "CLP",
        "DJF",
        "GNF",
        "JPY",
        "KMF",
        "KRW",
        "MGA",
        "PYG",
        "RWF",
        "UGX",
        "VND",
        "VUV",
        "XAF",
        "XOF",
        "XPF",
    )
)
THREE_DECIMAL = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))

_SYMBOLS = {
    "USD": "$",
    "EUR": "€",
    "GBP": "£",
    "JPY": "¥",
    "INR": "₹",
    "KRW": "₩",
    "CAD": "CA$",
    "AUD": "A$",
    "NZD": "NZ$",
    "BRL": "R$",
    "MXN": "MX$",
    "ILS": "₪",
    "PHP": "₱",
    "VND": "₫",
}
_NBSP = "\u00a0"


def minor_digits(currency: str) -> int:
    """Return the number of decimals of `currency` (ISO code, any case): 0, 2 or 3."""
    code = currency.upper()
    return 0 if code in ZERO_DECIMAL else 3 if code in THREE_DECIMAL else 2


def money(cents: int, currency: str) -> str:
    """Format `cents` minor units of `currency`: 1900 USD is $19.00, 1900 JPY is ¥1,900."""
    code, digits = currency.upper(), minor_digits(currency)
    amount = f"{Decimal(abs(cents)).scaleb(-digits):,.{digits}f}"
    sign = "−" if cents < 0 else ""
    return f"{sign}{_SYMBOLS[code]}{amount}" if code in _SYMBOLS else f"{sign}{code}{_NBSP}{amount}"

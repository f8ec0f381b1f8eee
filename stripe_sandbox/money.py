"""Currencies: their decimals and minimum charge."""

from __future__ import annotations

ZERO_DECIMALS = frozenset(
    ("bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf")
)
THREE_DECIMALS = frozenset(("bhd", "jod", "kwd", "omr", "tnd"))
ALL_TWO_DECIMALS = """
    aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bmd bnd bob brl bsd bwp byn bzd cad cdf chf
    cny cop crc cve czk dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gtq gyd hkd hnl htg huf idr ils
    inr isk jmd kes kgs khr kyd kzt lak lbp lkr lrd lsl mad mdl mkd mmk mnt mop mur mvr mwk mxn myr mzn
    nad ngn nio nok npr nzd pab pen pgk php pkr pln qar ron rsd rub sar sbd scr sek sgd shp sle sos srd
    std szl thb tjs top try ttd twd tzs uah ugx usd uyu uzs wst xcd yer zar zmw
"""
CURRENCIES = frozenset(ALL_TWO_DECIMALS.split()).union(ZERO_DECIMALS, THREE_DECIMALS)
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "aud": "A$", "cad": "CA$", "inr": "₹", "krw": "₩"}

WHOLE_ONLY = frozenset(("isk", "ugx"))  # without coins today, but counted in hundredths

# Stripe's published minimums, from memory: defaults to be checked against a real test account.
MINIMUMS = {
    "aed": 200, "bgn": 100, "czk": 1500, "dkk": 250, "gbp": 30, "hkd": 400, "huf": 17500, "mxn": 1000,
    "myr": 200, "nok": 300, "pln": 200, "ron": 200, "sek": 300, "thb": 1000,
}  # fmt: skip
MINIMUM_ELSEWHERE = 50
MAXIMUM = 99_999_999


def decimals(currency: str) -> int:
    """Look up the number of decimals of a currency: 0, 2 or 3."""
    if currency in ZERO_DECIMALS:
        return 0
    return 3 if currency in THREE_DECIMALS else 2


def step(currency: str) -> int:
    """Return what amounts must be divisible by: Stripe takes a third decimal only as 0."""
    return 10 if currency in THREE_DECIMALS else 100 if currency in WHOLE_ONLY else 1


def minimum(currency: str) -> int:
    """Return the minimum charge, in minor units."""
    return MINIMUMS.get(currency, MINIMUM_ELSEWHERE)


def written(amount: int, currency: str) -> str:
    """Format an amount: `1900, "usd"` is `$19.00`; currencies without a symbol read `19.00 CHF`."""
    places = decimals(currency)
    digits = f"{abs(amount) / (10**places):,.{places}f}"
    sign = "-" if amount < 0 else ""
    symbol = SYMBOLS.get(currency)
    return f"{sign}{symbol}{digits}" if symbol else f"{sign}{digits} {currency.upper()}"


def fee(amount: int, currency: str) -> int:
    """Compute Stripe's fee: 2.9 % and 30 hundredths of the currency, in minor units."""
    fixed = 30 * int(10 ** decimals(currency)) // 100
    return min(amount, (amount * 29 + 500) // 1000 + fixed)

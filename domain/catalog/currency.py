"""The shop's currency, in which all its products are sold.

It changes until the first order. Whoever opens one reads a price first and writes the order later, so both
sides meet at the row of the settings: `hold` shares its lock, `change` takes it alone.
"""

from functools import cache

from babel import numbers
from sqlalchemy import or_, select, update

from domain import Refused
from domain.base import clock, money, sql
from domain.catalog import price_history
from domain.platform import settings
from models import Coupon, CouponKind, Order, PlatformSettings, Product, User, db

# What Stripe charges in (https://docs.stripe.com/currencies#presentment-currencies).
CHARGEABLE = frozenset(
    ["AED", "AFN", "ALL", "AMD", "ANG", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BHD",
     "BIF", "BMD", "BND", "BOB", "BRL", "BSD", "BWP", "BYN", "BZD", "CAD", "CDF", "CHF", "CLP", "CNY",
     "COP", "CRC", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ETB", "EUR", "FJD", "FKP", "GBP",
     "GEL", "GIP", "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "ISK",
     "JMD", "JOD", "JPY", "KES", "KGS", "KHR", "KMF", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR",
     "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK", "MNT", "MOP", "MUR", "MVR", "MWK", "MXN", "MYR",
     "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD", "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN",
     "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SEK", "SGD", "SHP", "SLE", "SOS",
     "SRD", "STD", "SZL", "THB", "TJS", "TND", "TOP", "TRY", "TTD", "TWD", "TZS", "UAH", "UGX", "USD",
     "UYU", "UZS", "VND", "VUV", "WST", "XAF", "XCD", "XOF", "XPF", "YER", "ZAR", "ZMW"]
)  # fmt: skip


@cache
def names() -> dict[str, str]:
    """Map the code of each currency that can be charged to its English name, in the order of the names."""
    named = {code: numbers.get_currency_name(code, locale="en") for code in CHARGEABLE}
    return dict(sorted(named.items(), key=lambda item: item[1]))


def is_settled() -> bool:
    """Tell whether the currency can't change any more."""
    return db.session.scalar(select(Order.id).limit(1)) is not None


def hold(code: str) -> None:
    """Keep the currency from changing until the transaction ends, for an order priced in `code`.

    Raises Refused where it has changed since the price was read.
    """
    query = select(PlatformSettings.currency).where(PlatformSettings.id == 1)
    stored = sql.shared(query)
    if stored is not None and stored != code.lower():
        raise Refused("The prices have just changed. Look at them again, then buy.")


def change(to: str, admin: User | None) -> None:
    """Sell everything in `to` (ISO code, any case) from now on; the numbers of all prices stay.

    `admin` None: from the command line. The caller commits, then calls `settings.forget`. Refused for an
    unknown currency, after the first order, and where prices exist that other minor units would change or
    that are too small to be paid in it.
    """
    code = to.strip().upper()
    if code not in CHARGEABLE:
        raise Refused(f"{to} isn’t the code of a currency that can be charged, such as USD or EUR.")
    before = settings.lock().currency
    if code.lower() == before:
        return
    if is_settled():
        raise Refused("The currency can’t change any more: there are orders.")
    if _units(code) != _units(before) and _has_prices():
        raise Refused(
            f"{code} has other minor units than {before.upper()}, so prices would change. Make your courses"
            " free first, then price them again."
        )
    if _units(code) != _units(before) and _has_amounts_off():
        raise Refused(
            f"{code} has other minor units than {before.upper()}, so the amounts of coupons would change."
            " Make them percentages without a smallest order first."
        )
    least = money.least_charge(code)
    if _has_prices(below=least):
        raise Refused(
            f"In {code} payments start at {money.money(least, code)}, and there are lower prices."
            " Raise them first."
        )
    db.session.execute(update(Product).values(currency=code.lower(), updated_at=clock.now()))
    price_history.relabel(code.lower())
    settings.change(admin, currency=code.lower())


def _has_amounts_off() -> bool:
    """Tell if any coupon takes an amount off, or asks for an order of some amount."""
    asked = or_(Coupon.kind == CouponKind.FIXED_AMOUNT, Coupon.min_order_cents > 0)
    return db.session.scalar(select(Coupon.id).where(asked).limit(1)) is not None


def _units(currency: str) -> tuple[int, int]:
    return money.minor_digits(currency), money.step(currency)


def _has_prices(below: int | None = None) -> bool:
    """Tell if anything has a price or sale price, in minor units lower than `below` if given."""
    prices = (Product.price_cents, Product.sale_price_cents)
    asked = or_(*(price > 0 if below is None else price.between(1, below - 1) for price in prices))
    return db.session.scalar(select(Product.id).where(asked).limit(1)) is not None

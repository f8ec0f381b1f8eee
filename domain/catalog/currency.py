"""The shop's currency, in which all its products are sold."""

from babel import numbers
from sqlalchemy import or_, select, update

from domain import Refused
from domain.base import clock, money
from domain.catalog import price_history
from domain.platform import settings
from models import Order, Product, User, db


def change(to: str, admin: User | None) -> None:
    """Sell everything in `to` (ISO code, any case) from now on; the numbers of all prices stay.

    `admin` None: from the command line. The caller commits, then calls `settings.forget`. Refused for an
    unknown currency, after the first order, and where prices exist that other minor units would change or
    that are too small to be paid in it.
    """
    code = to.strip().upper()
    if code not in numbers.list_currencies():
        raise Refused(f"{to} isn’t the code of a currency, such as USD or EUR.")
    before = settings.lock().currency
    if code.lower() == before:
        return
    if db.session.scalar(select(Order.id).limit(1)) is not None:
        raise Refused("The currency can’t change any more: there are orders.")
    if _units(code) != _units(before) and _has_prices():
        raise Refused(
            f"{code} has other minor units than {before.upper()}, so prices would change. Make your courses"
            " free first, then price them again."
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


def _units(currency: str) -> tuple[int, int]:
    return money.minor_digits(currency), money.step(currency)


def _has_prices(below: int | None = None) -> bool:
    """Tell if anything has a price or sale price, in minor units lower than `below` if given."""
    prices = (Product.price_cents, Product.sale_price_cents)
    asked = or_(*(price > 0 if below is None else price.between(1, below - 1) for price in prices))
    return db.session.scalar(select(Product.id).where(asked).limit(1)) is not None

"""Amounts of coupons, in minor units: the discount of each line, and the platform's fee of such a line."""

from collections.abc import Sequence

from domain.base import money
from models import BorneBy, CouponKind


def take_off(kind: CouponKind, value: int, prices: Sequence[int], currency: str) -> list[int]:
    """Compute what a coupon takes off lines at `prices`: never more than a line costs.

    A percentage is rounded half up in each line, a fixed amount is divided by the prices (largest remainder).
    Both move in the steps that `currency` can be charged in. Of the whole at least `currency`'s least charge
    stays to be paid, unless nothing does.

    >>> take_off(CouponKind.FIXED_AMOUNT, 1000, [1900, 900], "usd")
    [679, 321]
    """
    step = money.step(currency)
    steps = [price // step for price in prices]
    if kind == CouponKind.PERCENTAGE:
        parts = [money.percentage(price, value) for price in steps]
    else:
        parts = money.apportion(min(value // step, sum(steps)), steps)
    return [part * step for part in parts]


def leave_a_charge(parts: Sequence[int], prices: Sequence[int], total: int, currency: str) -> list[int]:
    """Lower what is taken off lines at `prices` so that an order of `total` can still be charged.

    Stripe takes no less than its least charge, and nothing at all is no charge.

    >>> leave_a_charge([1980], [2000], 2000, "usd"), leave_a_charge([2000], [2000], 2000, "usd")
    ([1950], [2000])
    """
    least, off = money.least_charge(currency), sum(parts)
    if off == 0 or off == total or total - off >= least:
        return list(parts)
    step = money.step(currency)
    allowed = max(0, total - least) // step
    return [part * step for part in money.apportion(min(allowed, off // step), [p // step for p in parts])]


def fee(price: int, discount: int, percent: int, borne_by: BorneBy | None) -> int:
    """Compute the platform's fee of a line at `price` less `discount`, both net; the creator gets the rest.

    It is rounded half up in minor units, whatever the currency's exponent. Borne by both (or without a
    coupon) it is a percentage of what is paid; by the creator, of the price, as if there were no discount, as
    far as what is paid goes; by the platform, that less the discount.

    >>> [fee(2000, 500, 30, one) for one in (BorneBy.BOTH, BorneBy.CREATOR, BorneBy.PLATFORM)]
    [450, 600, 100]
    """
    paid = price - discount
    if borne_by == BorneBy.CREATOR:
        return min(money.percentage(price, percent), paid)
    if borne_by == BorneBy.PLATFORM:
        return max(0, money.percentage(price, percent) - discount)
    return money.percentage(paid, percent)

"""Refusals of coupons, in sentences for whoever typed the code."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from domain.base.money import money
from domain.coupons import codes
from domain.platform import last_days
from models import Coupon, User


class Uses(NamedTuple):
    """Counts of a coupon's uses by other orders than the one it is asked for: in all, and by the buyer.

    `has_bought`: the buyer paid for something before, or is about to with another first purchase's coupon.
    """

    everybody: int
    buyer: int
    has_bought: bool


def unknown(typed: str) -> str:
    """Say that there is no such code."""
    return f"There is no code “{codes.shown(typed)}”. Check how it is written."


def of_time(coupon: Coupon, at: datetime) -> str | None:
    """Say that a coupon was stopped, is over or hasn't begun; days are the shop's."""
    if coupon.valid_until is not None and coupon.valid_until <= at:
        return f"“{coupon.label}” ended on {last_days.said(coupon.valid_until)}."
    if not coupon.active:
        return f"“{coupon.label}” isn’t valid any more."
    if coupon.valid_from is not None and coupon.valid_from > at:
        return f"“{coupon.label}” starts on {last_days.said_first(coupon.valid_from)}."
    return None


def not_for(coupon: Coupon, nouns: Collection[str], lines: int) -> str:
    """Say that nothing in an order is what a coupon is for; `nouns` are what its `lines` are called."""
    what = f"this {next(iter(nouns))}" if lines == 1 else "anything in this order"
    return f"“{coupon.label}” isn’t for {what}."


def of_total(coupon: Coupon, total: int, currency: str) -> str | None:
    """Say that an order is too small."""
    if total >= coupon.min_order_cents:
        return None
    least, present = money(coupon.min_order_cents, currency), money(total, currency)
    return f"“{coupon.label}” applies to orders from {least}; this one comes to {present}."


def of_uses(coupon: Coupon, uses: Uses, buyer: User | None) -> str | None:
    """Say that a coupon is used up, by everybody or by the buyer."""
    if coupon.max_uses is not None and uses.everybody >= coupon.max_uses:
        return f"“{coupon.label}” has been used up."
    if buyer is None:
        return None
    if coupon.per_user_limit is not None and uses.buyer >= coupon.per_user_limit:
        return f"You have used “{coupon.label}” already."
    if coupon.first_purchase_only and uses.has_bought:
        return f"“{coupon.label}” is for a first purchase only."
    return None


def saves_nothing(coupon: Coupon) -> str:
    """Say that what it is for costs nothing, or can't cost less."""
    return f"“{coupon.label}” can’t make this order any cheaper."

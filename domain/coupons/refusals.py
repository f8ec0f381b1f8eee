"""Refusals of coupons, in sentences for whoever typed the code."""

from collections.abc import Collection
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from domain.base.money import money
from domain.coupons import codes
from domain.platform import last_days
from models import Coupon, User


class RefusalReason(StrEnum):
    """The reasons for which a code is refused, as they are counted. Stored, so none is ever renamed."""

    UNKNOWN = "unknown"
    ENDED = "ended"
    STOPPED = "stopped"
    NOT_YET = "not_yet"
    NOT_FOR = "not_for"
    TOO_LITTLE = "too_little"
    USED_UP = "used_up"
    USED_BEFORE = "used_before"
    NOT_FIRST = "not_first"
    SAVES_NOTHING = "saves_nothing"


class Refusal(NamedTuple):
    """A refusal: why, and in a sentence for whoever typed the code."""

    reason: RefusalReason
    sentence: str


class Uses(NamedTuple):
    """Counts of a coupon's uses by other orders than the one it is asked for: in all, and by the buyer.

    `has_bought`: the buyer paid for something before, or is about to with another first purchase's coupon.
    """

    everybody: int
    buyer: int
    has_bought: bool


def unknown(typed: str) -> Refusal:
    """Say that there is no such code."""
    sentence = f"There is no code “{codes.shown(typed)}”. Check how it is written."
    return Refusal(RefusalReason.UNKNOWN, sentence)


def of_time(coupon: Coupon, at: datetime) -> Refusal | None:
    """Say that a coupon was stopped, is over or hasn't begun; days are the shop's."""
    if coupon.valid_until is not None and coupon.valid_until <= at:
        return Refusal(
            RefusalReason.ENDED, f"“{coupon.label}” ended on {last_days.said(coupon.valid_until)}."
        )
    if not coupon.active:
        return Refusal(RefusalReason.STOPPED, f"“{coupon.label}” isn’t valid any more.")
    if coupon.valid_from is not None and coupon.valid_from > at:
        sentence = f"“{coupon.label}” starts on {last_days.said_first(coupon.valid_from)}."
        return Refusal(RefusalReason.NOT_YET, sentence)
    return None


def not_for(coupon: Coupon, nouns: Collection[str], lines: int) -> Refusal:
    """Say that nothing in an order is what a coupon is for; `nouns` are what its `lines` are called."""
    what = f"this {next(iter(nouns))}" if lines == 1 else "anything in this order"
    return Refusal(RefusalReason.NOT_FOR, f"“{coupon.label}” isn’t for {what}.")


def of_total(coupon: Coupon, total: int, currency: str) -> Refusal | None:
    """Say that an order is too small."""
    if total >= coupon.min_order_cents:
        return None
    least, present = money(coupon.min_order_cents, currency), money(total, currency)
    sentence = f"“{coupon.label}” applies to orders from {least}; this one comes to {present}."
    return Refusal(RefusalReason.TOO_LITTLE, sentence)


def of_uses(coupon: Coupon, uses: Uses, buyer: User | None) -> Refusal | None:
    """Say that a coupon is used up, by everybody or by the buyer."""
    if coupon.max_uses is not None and uses.everybody >= coupon.max_uses:
        return Refusal(RefusalReason.USED_UP, f"“{coupon.label}” has been used up.")
    if buyer is None:
        return None
    if coupon.per_user_limit is not None and uses.buyer >= coupon.per_user_limit:
        return Refusal(RefusalReason.USED_BEFORE, f"You have used “{coupon.label}” already.")
    if coupon.first_purchase_only and uses.has_bought:
        return Refusal(RefusalReason.NOT_FIRST, f"“{coupon.label}” is for a first purchase only.")
    return None


def saves_nothing(coupon: Coupon) -> Refusal:
    """Say that what it is for costs nothing, or can't cost less."""
    sentence = f"“{coupon.label}” can’t make this order any cheaper."
    return Refusal(RefusalReason.SAVES_NOTHING, sentence)

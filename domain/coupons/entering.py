"""Entering a code: the discount it brings, or why it is refused, with the event of either."""

from collections.abc import Sequence

from domain.base import clock
from domain.coupons import codes, discounts
from domain.coupons.discounts import Discount, DiscountLine
from domain.platform import events, settings
from domain.platform.event_registry import EventName
from models import Coupon, User


def enter(buyer: User | None, lines: Sequence[DiscountLine], typed: str) -> Discount:
    """Find what `typed` saves on `lines`, for a buyer or a guest (None), and write that it was entered."""
    found = discounts.find(buyer, lines, typed, clock.now())
    user_id = buyer.id if buyer is not None else None
    if found.refusal:
        events.write(
            EventName.COUPON_REFUSED,
            user_id,
            code=codes.shown(typed),
            reason=found.refusal,
            why=str(found.reason),
            coupon=_id_of(found.typed),
        )
    elif found.coupon is not None:
        events.write(
            EventName.COUPON_APPLIED,
            user_id,
            coupon=str(found.coupon.id),
            entered=_id_of(found.typed),
            amount_cents=found.cents,
            currency=settings.current().currency,
        )
    return found


def _id_of(coupon: Coupon | None) -> str:
    return str(coupon.id) if coupon is not None else ""

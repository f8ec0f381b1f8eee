"""Words for coupons: what they take off, what they are for, and how they stand."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from domain.base.money import short
from domain.coupons.refusals import RefusalReason
from models import BorneBy, Coupon, CouponKind, CouponScope


class CouponState(StrEnum):
    """The state of a coupon, as its owner sees it."""

    ACTIVE = "active"
    SCHEDULED = "scheduled"
    ENDED = "ended"
    USED_UP = "used_up"
    STOPPED = "stopped"


class StateWords(NamedTuple):
    """The words and the tone of a state's badge."""

    text: str
    tone: str


STATES = {
    CouponState.ACTIVE: StateWords("Active", "good"),
    CouponState.SCHEDULED: StateWords("Scheduled", "neutral"),
    CouponState.ENDED: StateWords("Ended", "neutral"),
    CouponState.USED_UP: StateWords("Used up", "neutral"),
    CouponState.STOPPED: StateWords("Stopped", "warn"),
}
BORNE_BY = {
    BorneBy.CREATOR: "the creator",
    BorneBy.PLATFORM: "the shop",
    BorneBy.BOTH: "the shop and the creator, in proportion",
}

REASONS = {
    RefusalReason.ENDED: "It had ended",
    RefusalReason.STOPPED: "It was stopped",
    RefusalReason.NOT_YET: "It hadn’t begun",
    RefusalReason.NOT_FOR: "It wasn’t for what was in the cart",
    RefusalReason.TOO_LITTLE: "The order was too small",
    RefusalReason.USED_UP: "It was used up",
    RefusalReason.USED_BEFORE: "They had used it already",
    RefusalReason.NOT_FIRST: "It wasn’t their first purchase",
    RefusalReason.SAVES_NOTHING: "There was nothing it could make cheaper",
}


def state_of(coupon: Coupon, used: int, most: int | None, at: datetime) -> CouponState:
    """Tell how a coupon stands at `at`, of which `used` of at most `most` uses are taken."""
    if coupon.valid_until is not None and coupon.valid_until <= at:
        return CouponState.ENDED
    if not coupon.active:
        return CouponState.STOPPED
    if most is not None and used >= most:
        return CouponState.USED_UP
    if coupon.valid_from is not None and coupon.valid_from > at:
        return CouponState.SCHEDULED
    return CouponState.ACTIVE


def off(coupon: Coupon, currency: str) -> str:
    """Say what a coupon takes off: “10% off” or “$5 off”."""
    if coupon.kind == CouponKind.PERCENTAGE:
        return f"{coupon.value}% off"
    return f"{short(coupon.value, currency)} off"


def target(coupon: Coupon) -> str:
    """Name what a coupon is for; its product, category or creator must be loaded."""
    if coupon.scope == CouponScope.PRODUCT and coupon.product is not None:
        return coupon.product.title
    if coupon.scope == CouponScope.CATEGORY:
        return coupon.category.name if coupon.category is not None else "A deleted category"
    if coupon.scope == CouponScope.CREATOR and coupon.creator is not None:
        return f"Everything by {coupon.creator.name}"
    return "Everything"

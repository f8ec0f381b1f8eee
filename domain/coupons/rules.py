"""Rules that a coupon has to keep, each refused beside its field."""

import uuid
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from domain import Refused
from domain.base import money
from models import BorneBy, Category, CouponKind, CouponScope, Product, User, db

HIGHEST = 100_000_000  # hundredths of a unit, as in money.nominal
MOST_USES = 1_000_000
MOST_CODES = 1000


@dataclass(frozen=True)
class CouponInput:
    """The rules of a coupon; `value` is a percentage or minor units, the days are the shop's.

    Of `product_id`, `category_id` and `creator_id` only the one that `scope` names counts. An empty `code`
    draws one, unless the coupon is `automatic`. A batch of `count` codes has `code` in front of each.
    """

    name: str
    code: str
    automatic: bool
    kind: CouponKind
    value: int
    scope: CouponScope
    product_id: uuid.UUID | None
    category_id: uuid.UUID | None
    creator_id: uuid.UUID | None
    borne_by: BorneBy
    min_order_cents: int
    max_uses: int | None
    per_user_limit: int | None
    first_purchase_only: bool
    first_day: date | None
    last_day: date | None
    count: int = 1


def check(values: CouponInput, owner: User | None, currency: str) -> None:
    """Raise Refused for what makes no sense, or isn't `owner`'s to discount."""
    if values.automatic and not values.name:
        raise Refused("Give it a name: buyers see it beside the discount.", "name")
    _check_value(values, currency)
    _check_scope(values, owner)
    if (values.borne_by == BorneBy.CREATOR) != (owner is not None):
        raise Refused("A creator bears their own coupons, the shop its own.", "borne_by")
    if values.min_order_cents > money.nominal(HIGHEST, currency):
        raise Refused(_too_much(currency), "min_order")
    for field, most in (("max_uses", values.max_uses), ("per_user_limit", values.per_user_limit)):
        if most is not None and not 1 <= most <= MOST_USES:
            raise Refused(f"Enter a whole number from 1 to {MOST_USES:,}, or nothing.", field)
    if not 1 <= values.count <= MOST_CODES:
        raise Refused(f"Enter a whole number from 2 to {MOST_CODES:,}.", "count")
    check_days(values.first_day, values.last_day)


def check_days(first: date | None, last: date | None) -> None:
    """Raise Refused for days beyond the calendar, or a last one before the first."""
    for field, day in (("first_day", first), ("last_day", last)):
        if day is not None and not 2000 <= day.year <= 2200:
            raise Refused("Enter a date in this century, or leave it empty.", field)
    if first is not None and last is not None and last < first:
        raise Refused("The last day is before the first.", "last_day")


def _check_value(values: CouponInput, currency: str) -> None:
    if values.kind == CouponKind.PERCENTAGE:
        if not 1 <= values.value <= 100:
            raise Refused("Enter a whole percentage from 1 to 100.", "value")
    elif values.value < money.step(currency):
        raise Refused("Enter an amount above 0.", "value")
    elif values.value > money.nominal(HIGHEST, currency):
        raise Refused(_too_much(currency), "value")


def _check_scope(values: CouponInput, owner: User | None) -> None:
    if values.scope == CouponScope.PRODUCT:
        creator_id = db.session.scalar(
            select(Product.creator_id).where(Product.id == values.product_id, Product.deleted_at.is_(None))
        )
        if creator_id is None or (owner is not None and creator_id != owner.id):
            raise Refused("Choose what it is for.", "product")
    elif values.scope == CouponScope.CREATOR:
        creator = db.session.get(User, values.creator_id) if values.creator_id else None
        if creator is None or (owner is not None and creator.id != owner.id):
            raise Refused("No creator has this address.", "creator")
    elif owner is not None:
        raise Refused("Choose what it is for, of what you sell.", "scope")
    elif values.scope == CouponScope.CATEGORY and (
        values.category_id is None or db.session.get(Category, values.category_id) is None
    ):
        raise Refused("Choose a category.", "category")


def _too_much(currency: str) -> str:
    return f"Enter at most {money.short(money.nominal(HIGHEST, currency), currency)}."

"""Fields of coupon forms, the same in the studio and in the admin area."""

from datetime import date
from typing import Any

from wtforms import BooleanField, DateField, IntegerField, RadioField, StringField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from domain import Refused
from domain.base import money
from domain.coupons import codes
from domain.coupons.rules import MOST_CODES, MOST_USES
from domain.platform import last_days
from models import Coupon, CouponKind, CouponScope
from web.forms import MoneyField, one_line

AUTOMATIC, CODE, BATCH = "automatic", "code", "batch"
WAYS = {
    CODE: "One code, for as many people as you like",
    BATCH: "Many codes, each for one use",
    AUTOMATIC: "No code: it applies by itself",
}


def number(label: str, most: int) -> IntegerField:
    """Build a field for a whole number from 1 to `most`, or nothing."""
    sentence = f"Enter a whole number from 1 to {most:,}, or nothing."
    return IntegerField(label, [Optional(), NumberRange(1, most, sentence)])


class CouponFields:
    """Fields of a coupon that don't depend on whose it is; mixed into a form with a `currency`."""

    currency: str
    way = RadioField("How it is used", choices=[SelectChoice(value, label) for value, label in WAYS.items()])
    code = StringField(
        "Code", [Length(max=codes.LONGEST, message=f"Use at most {codes.LONGEST} characters.")],
        filters=[one_line],
    )  # fmt: skip
    count = IntegerField(
        "How many codes",
        [Optional(), NumberRange(2, MOST_CODES, f"Enter a whole number from 2 to {MOST_CODES:,}.")],
    )
    name = StringField("Name", [Length(max=80, message="Use at most 80 characters.")], filters=[one_line])
    kind = RadioField(
        "Kind",
        choices=[
            SelectChoice(CouponKind.PERCENTAGE.value, "A percentage"),
            SelectChoice(CouponKind.FIXED_AMOUNT.value, "An amount"),
        ],
    )
    value = StringField("Percentage or amount", [InputRequired("Enter a number.")], filters=[one_line])
    min_order = MoneyField("Smallest order")
    max_uses = number("Uses in all", MOST_USES)
    per_user_limit = number("Uses per person", MOST_USES)
    first_purchase_only = BooleanField("Only for a first purchase", false_values=("", "no"))
    first_day = DateField("First day", [Optional()])
    last_day = DateField("Last day", [Optional()])

    def validate_value(self, field: Any) -> None:
        """Read the percentage or the amount."""
        self.amount()

    def validate_count(self, field: Any) -> None:
        """Require it for a batch."""
        if self.way.data == BATCH and not field.data:
            raise ValidationError(f"Enter a whole number from 2 to {MOST_CODES:,}.")

    def amount(self) -> int:
        """Read the value as whole percent or minor units. Raises ValidationError."""
        typed = self.value.data or ""
        if self.kind.data == CouponKind.PERCENTAGE:
            digits = typed.removesuffix("%").strip()
            is_number = digits.isascii() and digits.isdecimal() and len(digits) <= 9
            if not is_number or not 1 <= int(digits) <= 100:
                raise ValidationError("Enter a whole percentage from 1 to 100.")
            return int(digits)
        try:
            return money.parse(typed, self.currency)
        except Refused as refusal:
            raise ValidationError(refusal.sentence) from None

    def common(self) -> dict[str, Any]:
        """Collect the submitted values, as CouponInput names them."""
        return {
            "name": self.name.data or "",
            "code": self.code.data or "",
            "automatic": self.way.data == AUTOMATIC,
            "kind": CouponKind(self.kind.data),
            "value": self.amount(),
            "min_order_cents": self.min_order.cents or 0,
            "max_uses": self.max_uses.data,
            "per_user_limit": self.per_user_limit.data,
            "first_purchase_only": bool(self.first_purchase_only.data),
            "first_day": self.first_day.data,
            "last_day": self.last_day.data,
            "count": (self.count.data or 1) if self.way.data == BATCH else 1,
        }


EMPTY = {"way": CODE, "kind": CouponKind.PERCENTAGE.value}


def shown(coupon: Coupon, currency: str) -> dict[str, Any]:
    """Write a stored coupon as the form shows it."""
    return {
        "way": BATCH if coupon.batch_id else AUTOMATIC if coupon.automatic else CODE,
        "code": coupon.code or "",
        "name": coupon.name,
        "kind": coupon.kind.value,
        "value": str(coupon.value)
        if coupon.kind == CouponKind.PERCENTAGE
        else money.typed(coupon.value, currency),
        "scope": coupon.scope.value,
        "min_order": money.typed(coupon.min_order_cents, currency) if coupon.min_order_cents else "",
        "max_uses": coupon.max_uses,
        "per_user_limit": coupon.per_user_limit,
        "first_purchase_only": coupon.first_purchase_only,
        "first_day": last_days.first_day(coupon.valid_from) if coupon.valid_from else None,
        "last_day": last_day(coupon),
    }


def last_day(coupon: Coupon) -> date | None:
    """Return the last day of a coupon, in the shop's time zone."""
    return last_days.last_day(coupon.valid_until) if coupon.valid_until else None


def scopes(names: dict[CouponScope, str]) -> list[SelectChoice]:
    """Build the choices of what a coupon is for."""
    return [SelectChoice(scope.value, name) for scope, name in names.items()]

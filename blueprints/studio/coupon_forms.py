"""The form of a creator's coupon."""

import uuid
from typing import Any

from wtforms import RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from domain.coupons import own_products
from domain.coupons.rules import CouponInput
from models import BorneBy, CouponScope
from web.coupon_fields import CouponFields, scopes
from web.forms import SelectField
from web.merging import MergingForm
from web.signed_in import me

FOR = {CouponScope.CREATOR: "Everything you sell", CouponScope.PRODUCT: "One course or bundle"}


class CreatorCouponForm(CouponFields, MergingForm):
    """A coupon for what a creator sells, borne by them."""

    scope = RadioField("What it is for", choices=scopes(FOR))
    product = SelectField("Course or bundle")

    def __init__(self, currency: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.currency = currency
        own = own_products.of_creator(me())
        self.product.choices = [
            SelectChoice("", "Choose one"), *(SelectChoice(str(id_), title) for id_, title in own)
        ]  # fmt: skip

    def wish(self) -> CouponInput:
        """Collect the submitted values."""
        scope = CouponScope(self.scope.data)
        return CouponInput(
            scope=scope,
            product_id=uuid.UUID(self.product.data) if self.product.data else None,
            category_id=None,
            creator_id=me().id,
            borne_by=BorneBy.CREATOR,
            **self.common(),
        )


def form(currency: str, values: dict[str, Any]) -> CreatorCouponForm:
    """Build the form with the values of a coupon, or those that a new one begins with."""
    first = {"scope": CouponScope.CREATOR.value} | values
    return CreatorCouponForm(currency, data=first | {"product": str(values.get("product_id") or "")})

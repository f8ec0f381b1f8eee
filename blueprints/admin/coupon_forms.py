"""The form of a coupon of the shop."""

import uuid
from typing import Any

from wtforms import RadioField, StringField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import Length

from domain import Refused
from domain.authoring import course_details
from domain.coupons import own_products
from domain.coupons.rules import CouponInput
from domain.people import accounts
from models import BorneBy, CouponScope
from web.coupon_fields import CouponFields, scopes
from web.forms import SelectField, one_line
from web.merging import MergingForm

FOR = {
    CouponScope.ALL: "Everything",
    CouponScope.CATEGORY: "A category",
    CouponScope.CREATOR: "What one creator sells",
    CouponScope.PRODUCT: "One course or bundle",
}
BEARERS = {
    BorneBy.PLATFORM: "The shop: it comes out of your fee, as far as that goes",
    BorneBy.BOTH: "Both: your fee is a percentage of what is paid",
}
_LONG = Length(max=300, message="That’s too long.")


class ShopCouponForm(CouponFields, MergingForm):
    """A coupon for anything, borne by the shop or by the shop and the creator."""

    scope = RadioField("What it is for", choices=scopes(FOR))
    category = SelectField("Category")
    creator = StringField("Email of the creator", [_LONG], filters=[one_line])
    product = StringField("Address of the course or bundle", [_LONG], filters=[one_line])
    borne_by = RadioField(
        "Who bears it", choices=[SelectChoice(one.value, text) for one, text in BEARERS.items()]
    )

    def __init__(self, currency: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.currency = currency
        self.category.choices = [
            SelectChoice("", "Choose one"),
            *(SelectChoice(str(id_), path) for id_, path in course_details.categories()),
        ]

    def wish(self) -> CouponInput:
        """Collect the submitted values. Raises Refused for an unknown creator or address."""
        scope = CouponScope(self.scope.data)
        by_address = scope == CouponScope.PRODUCT
        return CouponInput(
            scope=scope,
            product_id=own_products.at_address(self.product.data or "") if by_address else None,
            category_id=uuid.UUID(self.category.data) if self.category.data else None,
            creator_id=self._creator_id() if scope == CouponScope.CREATOR else None,
            borne_by=BorneBy(self.borne_by.data),
            **self.common(),
        )

    def _creator_id(self) -> uuid.UUID:
        found = accounts.find(self.creator.data or "")
        if found is None or not (found.is_creator or found.is_admin):
            raise Refused("No creator has this address.", "creator")
        return found.id


def form(currency: str, values: dict[str, Any]) -> ShopCouponForm:
    """Build the form with the values of a coupon, or those that a new one begins with."""
    first = {"scope": CouponScope.ALL.value, "borne_by": BorneBy.PLATFORM.value, "category": ""}
    return ShopCouponForm(currency, data=first | values)

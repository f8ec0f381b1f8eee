"""Route of a course's price."""

import uuid
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.course_editor import opened, show
from blueprints.studio.course_forms import MOMENT, PricingForm
from blueprints.studio.product_editor import save
from domain.authoring import course_price
from domain.authoring.course_price import PriceInput
from domain.base import money
from models import Tier, User
from web.signed_in import me


@bp.route("/courses/<uuid:course_id>/pricing", methods=["GET", "POST"])
def pricing(course_id: uuid.UUID) -> Response:
    """Edit tier, price, sale price and the end of the sale in the creator's time zone."""
    course, zone = opened(course_id), zone_of(me())
    form = PricingForm(
        course.currency, data=shown_price(course_price.price_of(course), course.currency, zone)
    )
    saved = save(form, lambda: course_price.set_price(course, me(), _typed(form, zone)))
    return saved or show(
        "studio/course/pricing.html",
        form,
        course_id,
        tiers=course_price.tiers(course.currency),
        zone=zone.key,
    )


def zone_of(person: User) -> ZoneInfo:
    """Find the time zone of `person`; UTC where theirs is unknown."""
    try:
        return ZoneInfo(person.timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def shown_price(stored: PriceInput, currency: str, zone: ZoneInfo) -> dict[str, str]:
    """Convert a price to the form's fields."""
    sale = stored.sale_price_cents
    return {
        "tier": stored.tier.value if stored.tier else "",
        "price": money.typed(stored.price_cents, currency),
        "sale_price": "" if sale is None else money.typed(sale, currency),
        "sale_ends": stored.sale_ends_at.astimezone(zone).strftime(MOMENT) if stored.sale_ends_at else "",
    }


def _typed(form: PricingForm, zone: ZoneInfo) -> PriceInput:
    return PriceInput(Tier(form.tier.data) if form.tier.data else None, *form.amounts(zone))

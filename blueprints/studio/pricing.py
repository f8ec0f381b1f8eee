"""Route of a course's price."""

import uuid
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from werkzeug.wrappers import Response

from blueprints.studio import bp
from blueprints.studio.course_editor import me, opened, save, show
from blueprints.studio.course_forms import MOMENT, PricingForm, cents_of
from domain.authoring import course_price
from domain.authoring.course_price import PriceInput
from models import Tier


@bp.route("/courses/<uuid:course_id>/pricing", methods=["GET", "POST"])
def pricing(course_id: uuid.UUID) -> Response:
    """Edit tier, price, sale price and the end of the sale in the creator's time zone."""
    course, zone = opened(course_id), _zone()
    form = PricingForm(data=_shown(course_price.price_of(course), zone))
    saved = save(form, lambda: course_price.set_price(course, me(), _typed(form, zone)))
    return saved or show(
        "studio/course/pricing.html", form, course_id, tiers=course_price.TIERS, zone=zone.key
    )


def _zone() -> ZoneInfo:
    try:
        return ZoneInfo(me().timezone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def _shown(stored: PriceInput, zone: ZoneInfo) -> dict[str, str]:
    return {
        "tier": stored.tier.value if stored.tier else "",
        "price": _amount(stored.price_cents),
        "sale_price": "" if stored.sale_price_cents is None else _amount(stored.sale_price_cents),
        "sale_ends": stored.sale_ends_at.astimezone(zone).strftime(MOMENT) if stored.sale_ends_at else "",
    }


def _amount(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}" if cents % 100 else str(cents // 100)


def _typed(form: PricingForm, zone: ZoneInfo) -> PriceInput:
    return PriceInput(
        Tier(form.tier.data) if form.tier.data else None,
        cents_of(form.price.data or ""),
        cents_of(form.sale_price.data) if form.sale_price.data else None,
        form.ends_at(zone),
    )

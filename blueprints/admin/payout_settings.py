"""Routes of the settings of payouts."""

from werkzeug.wrappers import Response

from blueprints.admin import bp
from blueprints.admin.payout_forms import PayoutSettingsForm
from blueprints.admin.settings import page, saved, stored
from domain.base import money
from domain.platform import settings
from domain.tax import countries, rates
from web.reauthentication import fresh
from web.signed_in import me


@bp.route("/settings/payouts", methods=["GET", "POST"])
@fresh
def payout_settings() -> Response:
    """Edit the day and the minimum of payouts, and the VAT on top."""
    now = stored()
    vat = "" if now.payout_vat_bp is None else rates.percent(now.payout_vat_bp)
    minimum = money.typed(now.payout_minimum_cents, now.currency)
    form = PayoutSettingsForm(
        now.currency, data={"payout_day": now.payout_day, "payout_minimum": minimum, "payout_vat": vat}
    )
    if form.validate_on_submit():
        return saved("admin.payout_settings", settings.change(me(), **form.values()))
    country = countries.name(now.seller_country) if now.seller_country else ""
    return page("payouts", form, country=country)

"""Routes of the settings of selling: the legal seller, tax, currency, and consents at checkout."""

from werkzeug.wrappers import Response

from blueprints.admin import bp
from blueprints.admin.settings import page, saved, stored
from blueprints.admin.tax_settings_forms import ConsentsForm, CurrencyForm, SellerForm, TaxForm
from domain.catalog import currency
from domain.tax import rates, shop
from models import IMMEDIATE_DELIVERY, TERMS
from web.actions import Attempt
from web.reauthentication import fresh
from web.signed_in import me


@bp.route("/settings/seller", methods=["GET", "POST"])
@fresh
def seller() -> Response:
    """Edit the particulars of the legal seller, as documents print them."""
    form = SellerForm(data=vars(stored()))
    if form.validate_on_submit():
        with Attempt(form):
            return saved("admin.seller", shop.save_seller(me(), form.values()))
    return page("seller", form)


@bp.route("/settings/tax", methods=["GET", "POST"])
@fresh
def tax() -> Response:
    """Edit how sales are taxed."""
    now = stored()
    form = TaxForm(data={**vars(now), "tax_rates": rates.typed(now.tax_rates)})
    if form.validate_on_submit():
        with Attempt(form):
            return saved("admin.tax", shop.save_tax(me(), form.values()))
    return page("tax", form, has_country=bool(now.seller_country), has_vat_id=bool(now.seller_vat_id))


@bp.route("/settings/currency", methods=["GET", "POST"])
@fresh
def shop_currency() -> Response:
    """Edit the currency in which everything is sold, until the first order."""
    form = CurrencyForm(data={"currency": stored().currency.upper()})
    if form.validate_on_submit():
        with Attempt(form, field="currency"):
            before = stored().currency
            currency.change(form.currency.data or "", me())
            return saved("admin.shop_currency", ["currency"] if stored().currency != before else [])
    return page("currency", form, is_settled=currency.is_settled())


@bp.route("/settings/checkout", methods=["GET", "POST"])
@fresh
def consents() -> Response:
    """Edit what buyers have to agree to before they pay."""
    form = ConsentsForm(data=vars(stored()))
    if form.validate_on_submit():
        values = {
            "ask_terms": form.ask_terms.data,
            "terms_text": form.terms_text.data or TERMS,
            "ask_delivery": form.ask_delivery.data,
            "delivery_text": form.delivery_text.data or IMMEDIATE_DELIVERY,
        }
        return saved("admin.consents", shop.save_consents(me(), values))
    return page("consents", form)

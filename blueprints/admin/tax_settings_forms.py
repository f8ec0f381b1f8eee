"""Forms of the settings of selling."""

from functools import cache
from typing import Any

from wtforms import BooleanField, RadioField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs

from domain import Refused
from domain.catalog import currency
from domain.tax import rates
from models import TaxMode
from web.billing_form import at_most, country_choices
from web.forms import LinesField, SelectField, one_line, paragraphs
from web.merging import MergingForm

MODES = {
    TaxMode.NONE: "None: prices are what buyers pay, and documents carry your sentence",
    TaxMode.OWN: "Your own rates, by the buyer’s country",
    TaxMode.STRIPE: "Stripe Tax: Stripe computes the tax when the buyer pays",
}


@cache
def currency_choices() -> list[SelectChoice]:
    """List the currencies as choices: “Euro (EUR)”."""
    return [SelectChoice(code, f"{name} ({code})") for code, name in currency.names().items()]


class SellerForm(MergingForm):
    """The legal seller."""

    seller_name = StringField("Legal name", [at_most(120)], filters=[one_line])
    seller_address = TextAreaField("Address", [at_most(500)], filters=[paragraphs])
    seller_country = SelectField("Country", choices=[], validate_choice=True)
    seller_vat_id = StringField("VAT id", [at_most(30)], filters=[one_line])
    statement_descriptor = StringField("Name on card statements", [at_most(22)], filters=[one_line])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seller_country.choices = country_choices()

    def values(self) -> dict[str, Any]:
        """Collect the settings; the refusal of one names its field."""
        return {name: self[name].data or "" for name in (
            "seller_name", "seller_address", "seller_country", "seller_vat_id", "statement_descriptor",
        )}  # fmt: skip

    def validate_seller_vat_id(self, field: StringField) -> None:
        """Ask for the country, which says how an id is written."""
        if field.data and not self.seller_country.data:
            raise ValidationError("Choose the country first.")


class TaxForm(MergingForm):
    """The rules by which sales are taxed."""

    tax_mode = RadioField(
        "Tax on sales", choices=[SelectChoice(mode.value, text) for mode, text in MODES.items()]
    )
    tax_sentence = TextAreaField("Sentence on documents without tax", [at_most(500)], filters=[paragraphs])
    tax_rates = LinesField("Your rates", most=250, longest=80)
    tax_seller_rate = BooleanField(
        "Charge the rate of your own country to consumers in all of the EU", false_values=("", "no")
    )
    prices_include_tax = BooleanField("Prices include tax", false_values=("", "no"))

    def validate_tax_rates(self, field: LinesField) -> None:
        """Require a country and a percentage on every line."""
        try:
            rates.parse(field.data or [])
        except Refused as refusal:
            raise ValidationError(refusal.sentence) from refusal

    def values(self) -> dict[str, Any]:
        """Collect the settings."""
        return {
            "tax_mode": TaxMode(self.tax_mode.data),
            "tax_sentence": self.tax_sentence.data or "",
            "tax_rates": rates.parse(self.tax_rates.data or []),
            "tax_seller_rate": self.tax_seller_rate.data,
            "prices_include_tax": self.prices_include_tax.data,
        }


class CurrencyForm(MergingForm):
    """The currency of everything that is sold."""

    currency = SelectField("Currency", choices=[], validate_choice=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency.choices = currency_choices()


class ConsentsForm(MergingForm):
    """The sentences that buyers agree to before they pay."""

    ask_terms = BooleanField("Ask buyers to agree to your terms", false_values=("", "no"))
    terms_text = TextAreaField("What they agree to", [at_most(500)], filters=[paragraphs])
    ask_delivery = BooleanField("Ask buyers to agree to start right away", false_values=("", "no"))
    delivery_text = TextAreaField("What they agree to", [at_most(500)], filters=[paragraphs])

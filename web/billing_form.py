"""The form of billing details, in the account and on the way to paying."""

from functools import cache

from wtforms import StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import Length

from domain.tax import billing, countries
from web.forms import SelectField, one_line, paragraphs
from web.merging import MergingForm


@cache
def country_choices() -> list[SelectChoice]:
    """List all countries as choices by name, none first."""
    named = [SelectChoice(code, name) for code, name in countries.names().items()]
    return [SelectChoice("", "Choose a country"), *named]


def at_most(length: int) -> Length:
    """Limit a text to `length` characters."""
    return Length(max=length, message=f"Use at most {length} characters.")


class BillingForm(MergingForm):
    """The particulars that invoices print, all of them optional."""

    name = StringField("Name", [at_most(120)], filters=[one_line])
    company = StringField("Company", [at_most(120)], filters=[one_line])
    address = TextAreaField("Address", [at_most(300)], filters=[paragraphs])
    postal_code = StringField("Postal code", [at_most(20)], filters=[one_line])
    city = StringField("Town", [at_most(100)], filters=[one_line])
    country = SelectField("Country", choices=[], validate_choice=True)
    vat_id = StringField("VAT id", [at_most(30)], filters=[one_line])

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.country.choices = country_choices()

    def values(self) -> dict[str, str]:
        """Collect the fields as `billing.save` takes them."""
        return {name: self[name].data or "" for name in billing.FIELDS}

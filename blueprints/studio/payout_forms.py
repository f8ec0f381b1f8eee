"""The form of what a creator says before their first payout."""

from wtforms import BooleanField, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired

from models import VatStatus
from web.billing_form import BillingForm

STATUSES = {
    VatStatus.NONE: "No: I’m a private person or a small business, and charge none",
    VatStatus.REGISTERED: "Yes: I’m registered and have a VAT id",
}


class ParticularsForm(BillingForm):
    """Name, address and VAT of a creator, and that they agree to self-billing."""

    vat_status = RadioField(
        "Do you charge VAT?",
        [InputRequired("Say whether you charge VAT.")],
        choices=[SelectChoice(status.value, text) for status, text in STATUSES.items()],
    )
    agrees = BooleanField("I agree to this", false_values=("", "no"))

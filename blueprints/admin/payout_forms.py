"""Forms of the payouts: their settings, an adjustment, and what is taken back."""

import re
from decimal import Decimal
from typing import Any

from wtforms import HiddenField, IntegerField, RadioField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange

from domain.payouts.adjusting import LONGEST_REASON
from web.forms import Form, MoneyField, one_line, paragraphs, raw_text
from web.merging import MergingForm

_DAY = "Enter a day from 1 to 28, which every month has."
_PERCENT = re.compile(r"([0-9]{1,2}(?:[.,][0-9]{1,2})?)\s*%?", re.ASCII)
_REASON = Length(max=LONGEST_REASON, message=f"Use at most {LONGEST_REASON} characters.")


class PayoutSettingsForm(MergingForm):
    """The day and the minimum of payouts, and the VAT on top."""

    payout_day = IntegerField("Day of the month", [InputRequired(_DAY), NumberRange(1, 28, _DAY)])
    payout_minimum = MoneyField("Least amount of a payout", [InputRequired("Enter an amount.")])
    payout_vat = StringField("VAT paid on top, in percent", filters=[one_line])

    def __init__(self, currency: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.currency = currency

    def validate_payout_minimum(self, field: MoneyField) -> None:
        """Require more than nothing."""
        if field.cents == 0:
            raise ValidationError("Enter an amount of more than 0.")

    def validate_payout_vat(self, field: StringField) -> None:
        """Require a percentage, or nothing."""
        if field.data and _PERCENT.fullmatch(field.data) is None:
            raise ValidationError("Enter a percentage such as 19 or 8.1, or leave it empty.")

    def values(self) -> dict[str, Any]:
        """Collect the settings."""
        typed = _PERCENT.fullmatch(self.payout_vat.data or "")
        return {
            "payout_day": self.payout_day.data,
            "payout_minimum_cents": self.payout_minimum.cents,
            "payout_vat_bp": int(Decimal(typed[1].replace(",", ".")) * 100) if typed else None,
        }


class AdjustmentForm(Form):
    """An amount for or against a creator, with the reason that they read."""

    creator = StringField(
        "Email of the creator",
        [InputRequired("Enter the creator’s address."), Length(max=300, message="That’s too long.")],
        filters=[one_line],
    )
    direction = RadioField(
        "What changes",
        [InputRequired("Choose one.")],
        choices=[SelectChoice("for", "They get more"), SelectChoice("against", "They get less")],
    )
    amount = MoneyField("Amount", [InputRequired("Enter an amount.")])
    reason = TextAreaField(
        "Reason", [InputRequired("Enter a reason. The creator reads it."), _REASON], filters=[paragraphs]
    )

    confirmed = HiddenField(filters=[raw_text])

    def __init__(self, currency: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.currency = currency

    @property
    def cents(self) -> int:
        """Return the amount in minor units, below 0 against the creator."""
        cents = self.amount.cents or 0
        return -cents if self.direction.data == "against" else cents


class ReversalForm(Form):
    """An amount of a payout that is taken back, and why."""

    amount = MoneyField("Amount to take back", [InputRequired("Enter an amount.")])
    reason = TextAreaField("Reason", [InputRequired("Enter a reason."), _REASON], filters=[paragraphs])

    confirmed = HiddenField(filters=[raw_text])

    def __init__(self, currency: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.currency = currency

"""Forms of gifts."""

from wtforms import DateField, EmailField, RadioField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional

from domain.gifts.terms import LONGEST_MESSAGE
from web.forms import Form, one_line, paragraphs
from web.merging import MergingForm

MAX_EMAIL = 254


def _recipient(label: str) -> EmailField:
    return EmailField(
        label,
        [
            InputRequired("Enter the email address of the person you’re giving it to."),
            Length(max=MAX_EMAIL, message="That’s too long."),
        ],
        filters=[one_line],
    )


def _message() -> TextAreaField:
    return TextAreaField(
        "Message",
        [Optional(), Length(max=LONGEST_MESSAGE, message=f"Use at most {LONGEST_MESSAGE} characters.")],
        filters=[paragraphs],
    )


class PassOnForm(Form):
    """Address and message of the person to whom a gift is passed on."""

    recipient = _recipient("Their email address")
    message = _message()


class GiftForm(Form):
    """Address, message and day of a gift that goes into the cart."""

    recipient = _recipient("Their email address")
    message = _message()
    deliver_on = DateField("Day of delivery", [Optional()])


class PlannedGiftForm(MergingForm):
    """Address, message and day of a gift that hasn't been sent."""

    recipient = _recipient("Their email address")
    message = _message()
    deliver_on = DateField("Day of delivery", [InputRequired("Choose a day.")])


class AddressForm(Form):
    """Another address for a gift that was sent."""

    recipient = _recipient("The right address")


class ExchangeForm(Form):
    """The product to take instead; its choices are ids with titles."""

    product = RadioField("Take this instead", [InputRequired("Choose what you’d like instead.")])

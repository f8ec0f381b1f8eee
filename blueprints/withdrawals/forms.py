"""Forms of withdrawing from a contract."""

import uuid

from wtforms import EmailField, HiddenField, SelectMultipleField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from domain import Refused
from domain.people import accounts
from domain.refunds.declarations import Declaration
from domain.refunds.withdrawal import Right
from web.forms import Form, one_line, paragraphs, raw_text

MOST_ITEMS = 1000


class WithdrawalForm(Form):
    """A declaration: who withdraws, from which order or items, and where the receipt goes.

    `lines` are the lines of an order of the person signed in. `key` makes a second press of the last button
    declare nothing new.
    """

    name = StringField(
        "Your name",
        [InputRequired("Enter your name."), Length(max=120, message="Use at most 120 characters.")],
        filters=[one_line],
    )
    email = EmailField(
        "Your email address",
        [InputRequired("Enter your email address."), Length(max=254, message="That’s too long.")],
        filters=[one_line],
    )
    order_number = StringField(
        "Order number", [Length(max=40, message="Use at most 40 characters.")], filters=[one_line]
    )
    items = TextAreaField(
        "What you withdraw from",
        [Length(max=MOST_ITEMS, message=f"Use at most {MOST_ITEMS:,} characters.")],
        filters=[paragraphs],
    )
    lines = SelectMultipleField(
        "What you withdraw from", choices=[], validate_choice=False, widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )  # fmt: skip
    key = HiddenField(filters=[raw_text])

    def offer(self, rights: list[Right]) -> None:
        """Offer the lines of the person's own order in the place of the field for words."""
        lines = [right.line for right in rights if right.holds]
        self.lines.choices = [SelectChoice(str(line.id), line.product_snapshot["title"]) for line in lines]
        self.offered = {str(line.id): line.id for line in lines}
        if not self.is_submitted():
            self.lines.data = list(self.offered)

    def validate_email(self, field: EmailField) -> None:
        """Check and normalise the address."""
        try:
            field.data = accounts.normalise(field.data or "")
        except Refused as refusal:
            raise ValidationError(refusal.sentence) from refusal

    def validate_order_number(self, field: StringField) -> None:
        """Require the number, or words about the items."""
        field.data = (field.data or "").upper()
        if not field.data and not self.items.data:
            raise ValidationError("Enter the order number, or say below what you bought.")

    def validate_lines(self, field: SelectMultipleField) -> None:
        """Require one of the person's own lines, where there are some to choose from."""
        if field.choices and not self.line_ids:
            raise ValidationError("Choose at least one.")

    @property
    def line_ids(self) -> list[uuid.UUID]:
        """Return the chosen lines that were offered."""
        return [self.offered[value] for value in self.lines.data or [] if value in self.offered]

    @property
    def declaration(self) -> Declaration:
        """Build the declaration; a missing or malformed key gets a new one."""
        try:
            key = uuid.UUID(self.key.data or "")
        except ValueError:
            key = uuid.uuid4()
        given = (self.name.data or "", self.email.data or "", self.order_number.data or "")
        return Declaration(key, *given, self.items.data or "")

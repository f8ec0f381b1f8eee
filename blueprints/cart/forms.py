"""Form of the button "Add to cart"."""

import uuid

from wtforms import StringField

from web.forms import Form, one_line, raw_text

SIZES = ("icon", "small", "full")


class AddForm(Form):
    """The id of the product, and the size of the button.

    No token: the button stands on public pages, whose visitors have no session.
    """

    class Meta(Form.Meta):
        """Leave the check of the sender to `csrf.refuse_other_sites`."""

        csrf = False

    product = StringField(filters=[raw_text])
    size = StringField(filters=[raw_text])

    @property
    def product_id(self) -> uuid.UUID | None:
        """Parse the id; None if it is malformed."""
        try:
            return uuid.UUID(self.product.data or "")
        except ValueError:
            return None

    @property
    def shown_size(self) -> str:
        """Return the size of the button that takes the place of the one pressed."""
        return self.size.data if self.size.data in SIZES else SIZES[-1]


class CodeForm(Form):
    """A coupon code, as it was typed: the domain says what is wrong with it."""

    code = StringField(filters=[one_line])

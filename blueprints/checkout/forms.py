"""Form of the "Buy now" button."""

import uuid

from wtforms import StringField

from web.forms import Form, raw_text


class BuyForm(Form):
    """The id of the product to buy. The price is never read from a form."""

    product = StringField(filters=[raw_text])

    @property
    def product_id(self) -> uuid.UUID | None:
        """Parse the id; None if it is malformed."""
        try:
            return uuid.UUID(self.product.data or "")
        except ValueError:
            return None

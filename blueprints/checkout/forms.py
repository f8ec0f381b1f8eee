"""The one field of "Buy now"."""

import uuid

from wtforms import StringField

from web.forms import Form, text


class BuyForm(Form):
    """`product` is the id of what is to be bought; prices are no part of any form."""

    product = StringField(filters=[text])

    @property
    def product_id(self) -> uuid.UUID | None:
        """The id, or None for what is none."""
        try:
            return uuid.UUID(self.product.data or "")
        except ValueError:
            return None

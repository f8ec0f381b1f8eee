"""Form of the "Buy now" button."""

import uuid

from wtforms import StringField

from domain.commerce.checkout import Seen
from web.forms import Form, raw_text

LONGEST = 12  # digits of a price


class BuyForm(Form):
    """The id of the product to buy, and what stood beside the button.

    What is paid is never read from a form: `seen_price` only tells whether the price has risen since.
    """

    product = StringField(filters=[raw_text])
    seen_price = StringField(filters=[raw_text])
    seen_lock = StringField(filters=[raw_text])

    @property
    def seen(self) -> Seen:
        """Read what the buyer saw; a malformed price counts as unknown."""
        price = self.seen_price.data or ""
        known = price.isascii() and price.isdigit() and len(price) <= LONGEST
        return Seen(int(price) if known else None, self.seen_lock.data == "yes")

    @property
    def product_id(self) -> uuid.UUID | None:
        """Parse the id; None if it is malformed."""
        try:
            return uuid.UUID(self.product.data or "")
        except ValueError:
            return None

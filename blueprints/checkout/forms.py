"""Forms of "Buy now" and of the review page."""

import uuid

from wtforms import BooleanField, StringField

from domain.commerce.checkout_refusals import Seen
from domain.commerce.order_consents import Given
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
        return Seen(_cents(self.seen_price.data), self.seen_lock.data == "yes")

    @property
    def product_id(self) -> uuid.UUID | None:
        """Parse the id; None if it is malformed."""
        return product_id_in(self.product.data or "")


class PayForm(Form):
    """The button *Pay*: the product, or none for the cart, the total beside it, and what is agreed to."""

    product = StringField(filters=[raw_text])
    seen_total = StringField(filters=[raw_text])
    terms = BooleanField()
    delivery = BooleanField()

    @property
    def seen(self) -> Seen:
        """Read what the buyer saw: the page says what locks a product."""
        return Seen(lock=True, total_cents=_cents(self.seen_total.data))

    @property
    def given(self) -> Given:
        """Read which boxes were ticked."""
        return Given(terms=bool(self.terms.data), delivery=bool(self.delivery.data))


def product_id_in(text: str) -> uuid.UUID | None:
    """Parse the id of a product; None if it is malformed."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


def _cents(text: str | None) -> int | None:
    typed = text or ""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= LONGEST else None

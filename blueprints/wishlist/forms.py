"""Forms of the wishlist. They send the wanted state, not a toggle, so that sending it twice is idempotent."""

from wtforms import BooleanField

from web.forms import Form


class WishForm(Form):
    """The wanted state: on the wishlist or not."""

    wished = BooleanField(false_values=("", "no"))


class NotifyForm(Form):
    """The wanted state: notified of sales or not."""

    notify = BooleanField(false_values=("", "no"))

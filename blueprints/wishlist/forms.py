"""The switches of the wishlist: each sends the wish itself, so that sending it twice changes nothing."""

from wtforms import BooleanField

from web.forms import Form


class WishForm(Form):
    """Whether the course is to be on the list."""

    wished = BooleanField(false_values=("", "no"))


class NotifyForm(Form):
    """Whether to tell of sales."""

    notify = BooleanField(false_values=("", "no"))


class PressForm(Form):
    """A button alone."""

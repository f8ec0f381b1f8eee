"""The forms about notifications."""

from web.forms import Form


class PressForm(Form):
    """A button alone."""

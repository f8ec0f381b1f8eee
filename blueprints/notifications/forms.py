"""The forms about notifications."""

from forms import Form


class PressForm(Form):
    """A button alone."""

"""Forms of the notifications."""

from web.forms import Form


class PressForm(Form):
    """A form with nothing but the CSRF token, for a button."""

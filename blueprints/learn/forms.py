"""The forms of learning: a bare press of a button, and what a player reports."""

from wtforms import FloatField, StringField
from wtforms.validators import AnyOf, InputRequired, NumberRange, Optional

from forms import Form

LONGEST = 7 * 24 * 3600
STATES = ("playing", "paused", "jumped", "ended", "left", "opened")


class PressForm(Form):
    """A button that changes something; nothing but the token."""


class BeatForm(Form):
    """A heartbeat: positions are seconds. The token was checked before the form is read."""

    class Meta(Form.Meta):
        """Checked once, by the application, for every form that is posted."""

        csrf = False

    position = FloatField(validators=[InputRequired(), NumberRange(0, LONGEST)])
    start = FloatField(validators=[Optional(), NumberRange(0, LONGEST)])
    end = FloatField(validators=[Optional(), NumberRange(0, LONGEST)])
    state = StringField(validators=[InputRequired(), AnyOf(STATES)])

"""The forms of learning: a bare press of a button, and what a player reports."""

from wtforms import FloatField, StringField
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange, Optional

from web.forms import Form, Reading

LONGEST = 7 * 24 * 3600
STATES = ("playing", "paused", "jumped", "ended", "left", "opened")


class PressForm(Form):
    """A button that changes something; nothing but the token."""


class BeatForm(Reading):
    """A heartbeat: positions are seconds."""

    position = FloatField(validators=[InputRequired(), NumberRange(0, LONGEST)])
    start = FloatField(validators=[Optional(), NumberRange(0, LONGEST)])
    end = FloatField(validators=[Optional(), NumberRange(0, LONGEST)])
    state = StringField(validators=[InputRequired(), AnyOf(STATES)])
    opened = StringField(validators=[Length(max=60)])

"""Forms of learning: buttons, and the heartbeat of the player."""

from wtforms import FloatField, StringField
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange, Optional

from web.forms import ReusableForm

LONGEST = 7 * 24 * 3600
STATES = ("playing", "paused", "jumped", "ended", "left", "opened")


class HeartbeatForm(ReusableForm):
    """A heartbeat of the player; positions in seconds."""

    position = FloatField(validators=[InputRequired(), NumberRange(0, LONGEST)])
    start = FloatField(validators=[Optional(), NumberRange(0, LONGEST)])
    end = FloatField(validators=[Optional(), NumberRange(0, LONGEST)])
    state = StringField(validators=[InputRequired(), AnyOf(STATES)])
    opened = StringField(validators=[Length(max=60)])

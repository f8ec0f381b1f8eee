"""Forms of the moderation queue."""

from datetime import timedelta

from wtforms import BooleanField, HiddenField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import AnyOf, InputRequired, Length

from domain.base import clock
from domain.moderation.verdicts import MAX_NOTES, REASONS, ModerationDecision
from models import Verdict
from web.forms import Form, SelectField, paragraphs, raw_text

AWAKE_AFTER = timedelta(seconds=0.7)


class DecisionForm(Form):
    """A verdict with its reason and the notes for the author.

    `seen` is the fingerprint of the version that was reviewed (optimistic lock), `opened` the time at which
    the page was rendered, in milliseconds since 1970.
    """

    verdict = HiddenField(
        "Decision",
        [
            InputRequired("Choose what to do."),
            AnyOf([verdict.value for verdict in Verdict], "Choose what to do."),
        ],
        filters=[raw_text],
    )
    reason = SelectField(
        "Reason",
        [AnyOf(["", *REASONS], "Choose one of these reasons.")],
        choices=[
            SelectChoice("", "Choose a reason to reject"),
            *(SelectChoice(key, words) for key, words in REASONS.items()),
        ],
        validate_choice=False,
        filters=[raw_text],
    )
    notes = TextAreaField(
        "Notes",
        [Length(max=MAX_NOTES, message=f"Use at most {MAX_NOTES:,} characters.")],
        filters=[paragraphs],
    )
    seen = HiddenField(validators=[Length(max=64)], filters=[raw_text])

    opened = HiddenField(validators=[Length(max=20)], filters=[raw_text])

    @property
    def is_too_soon(self) -> bool:
        """Tell whether it was sent within AWAKE_AFTER of rendering, by a key press meant for the page before.

        The page's script blocks such presses itself; this is for browsers without JavaScript.
        """
        made = self.opened.data or ""
        if not (made.isascii() and made.isdigit()):
            return False
        # In numbers: a time that somebody made up may be later than any that a datetime holds.
        return clock.now().timestamp() - int(made) / 1000 < AWAKE_AFTER.total_seconds()

    @property
    def decision(self) -> ModerationDecision:
        """Build the decision; only valid forms have one."""
        return ModerationDecision(
            Verdict(self.verdict.data or ""), self.reason.data or "", self.notes.data or ""
        )


class ClaimForm(Form):
    """A claim; `takeover` also takes an item that another admin has claimed."""

    takeover = BooleanField(false_values=("", "no"))

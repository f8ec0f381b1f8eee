"""Routes of the settings of refunds: the period, the policy's rules, and the EU's right of withdrawal."""

from typing import Any

from werkzeug.wrappers import Response
from wtforms import BooleanField, IntegerField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange

from blueprints.admin import bp
from blueprints.admin.settings import page, saved, stored
from domain.platform import settings
from domain.refunds.policy import LEAST_DAYS, Outcome
from models import REFUND_TERMS, WITHDRAWAL, WITHDRAWAL_ENDED
from web.forms import SelectField, one_line, paragraphs
from web.merging import MergingForm
from web.reauthentication import fresh
from web.signed_in import me

OUTCOMES = [
    SelectChoice(Outcome.AT_ONCE.value, "Refund at once"),
    SelectChoice(Outcome.PERSON.value, "Ask a person"),
    SelectChoice(Outcome.REFUSE.value, "Refuse"),
]
NEUTRAL = [SelectChoice(Outcome.AT_ONCE.value, "Nothing: the other rules decide"), *OUTCOMES[1:]]
PREFIX = "when_"
_DAYS = "Enter a whole number from 0 to 365."
_PERCENT = "Enter a whole number from 0 to 100."
_TIMES = "Enter a whole number from 1 to 100."


class RefundRulesForm(MergingForm):
    """The refund period, what each rule does, and the right of withdrawal with its legal sentences."""

    refund_window_days = IntegerField(
        "Refund period in days", [InputRequired(_DAYS), NumberRange(0, 365, _DAYS)]
    )
    refund_terms = TextAreaField(
        "What buyers are told about refunds",
        [Length(max=1000, message="Use at most 1,000 characters.")],
        filters=[paragraphs],
    )
    when_late = SelectField("When the refund period is over", choices=NEUTRAL)
    refund_used_percent = IntegerField(
        "How much may be used, in percent", [InputRequired(_PERCENT), NumberRange(0, 100, _PERCENT)]
    )
    when_used = SelectField("When more than that was used", choices=NEUTRAL)
    when_finished = SelectField("When the course is finished", choices=NEUTRAL)
    refund_often = IntegerField(
        "Refunds in 12 months that are many", [InputRequired(_TIMES), NumberRange(1, 100, _TIMES)]
    )
    when_often = SelectField("When a buyer has had that many", choices=NEUTRAL)
    when_otherwise = SelectField("When none of these is the case", choices=OUTCOMES)
    creators_refund = BooleanField("Creators may refund their own sales", false_values=("", "no"))
    refund_returns_coupon = BooleanField(
        "A refunded order gives the use of its coupon back", false_values=("", "no")
    )
    withdrawal_on = BooleanField("Buyers have the EU’s right of withdrawal", false_values=("", "no"))
    withdrawal_text = TextAreaField(
        "What the page about withdrawing says",
        [Length(max=4000, message="Use at most 4,000 characters.")],
        filters=[paragraphs],
    )
    withdrawal_ended_text = TextAreaField(
        "What is said once a lesson was opened",
        [Length(max=500, message="Use at most 500 characters.")],
        filters=[one_line],
    )

    def validate_refund_window_days(self, field: IntegerField) -> None:
        """Require the days of the right of withdrawal, where buyers have it."""
        if self.withdrawal_on.data and field.data is not None and field.data < LEAST_DAYS:
            raise ValidationError(f"With the right of withdrawal, use {LEAST_DAYS} days or more.")

    def values(self) -> dict[str, Any]:
        """Build the values of the settings; an empty text becomes the usual one."""
        plain = (
            "refund_window_days", "refund_used_percent", "refund_often", "creators_refund",
            "refund_returns_coupon", "withdrawal_on",
        )  # fmt: skip
        return {
            **{name: self[name].data for name in plain},
            "refund_terms": self.refund_terms.data or REFUND_TERMS,
            "withdrawal_text": self.withdrawal_text.data or WITHDRAWAL,
            "withdrawal_ended_text": self.withdrawal_ended_text.data or WITHDRAWAL_ENDED,
            "refund_outcomes": {
                field.name.removeprefix(PREFIX): field.data for field in self if field.name.startswith(PREFIX)
            },
        }


@bp.route("/settings/refunds", methods=["GET", "POST"])
@fresh
def refund_rules() -> Response:
    """Edit when buyers get their money back, and whether they can withdraw from contracts."""
    now = stored()
    outcomes = {f"{PREFIX}{name}": outcome for name, outcome in now.refund_outcomes.items()}
    form = RefundRulesForm(data={**vars(now), **outcomes})
    if form.validate_on_submit():
        return saved("admin.refund_rules", settings.change(me(), **form.values()))
    return page("refunds", form, asks_delivery=now.ask_delivery)

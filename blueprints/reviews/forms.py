"""Forms of the reviews."""

import uuid

from wtforms import BooleanField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import AnyOf, InputRequired, Length

from domain.community.reviews import MAX_COMMENT, MAX_NOTE
from models import ReportReason
from web.forms import Form, paragraphs, raw_text
from web.merging import MergingForm

REASONS = {
    ReportReason.SPAM: "It’s advertising or spam",
    ReportReason.ABUSE: "It insults or threatens someone",
    ReportReason.OFF_TOPIC: "It’s off topic",
    ReportReason.SPOILER: "It gives away solutions",
    ReportReason.OTHER: "Something else",
}
COURSE_REASONS = {
    ReportReason.SPAM: "It’s spam or has no real content",
    ReportReason.ABUSE: "It insults, threatens or harms someone",
    ReportReason.OFF_TOPIC: "It doesn’t match its description",
    ReportReason.OTHER: "Something else, such as copied work",
}


def _why(label: str, reasons: dict[ReportReason, str]) -> RadioField:
    return RadioField(
        label,
        [
            InputRequired("Choose a reason."),
            AnyOf([reason.value for reason in reasons], "Choose one of these reasons."),
        ],
        choices=[SelectChoice(reason.value, words) for reason, words in reasons.items()],
        validate_choice=False,
        filters=[raw_text],
    )


def _more() -> TextAreaField:
    return TextAreaField(
        "Anything to add?",
        [Length(max=MAX_NOTE, message=f"Use at most {MAX_NOTE} characters.")],
        filters=[paragraphs],
    )


class ReviewForm(MergingForm):
    """A rating, "1" to "5", and a comment."""

    rating = StringField(
        "Your rating",
        [
            InputRequired("Choose one to five stars."),
            AnyOf(["1", "2", "3", "4", "5"], "Choose one to five stars."),
        ],
        filters=[lambda value: str(value) if isinstance(value, int) else raw_text(value)],
    )
    comment = TextAreaField(
        "What should others know?",
        [Length(max=MAX_COMMENT, message=f"Use at most {MAX_COMMENT:,} characters.")],
        filters=[paragraphs],
    )


class ReportForm(Form):
    """The reason for reporting a review or its reply. Ids are unique, since a page may show several."""

    def __init__(self, review_id: uuid.UUID, of_reply: bool = False) -> None:
        super().__init__()
        self.of_reply = of_reply
        self.reason.id = f"{'reply-' if of_reply else ''}reason-{review_id.hex}"

    reason = _why("What is wrong with it?", REASONS)
    note = _more()


class CourseReportForm(Form):
    """The reason for reporting a product."""

    reason = _why("What is wrong with it?", COURSE_REASONS)
    note = _more()


class VoteForm(Form):
    """The wanted state of a helpful vote, not a toggle, so that sending it twice is idempotent."""

    helpful = BooleanField(false_values=("", "no"))

"""Forms of the bundle editor, one for each page."""

import uuid

from wtforms import BooleanField, HiddenField, RadioField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]

from blueprints.studio.course_forms import VISIBLE_TO, PageFields, PriceFields
from models import ProductVisibility
from web.forms import Form, raw_text
from web.merging import MergingForm


class BundleDetailsForm(PageFields, MergingForm):
    """Details of a bundle: its page."""


class BundleSaleForm(PriceFields, MergingForm):
    """Price of a bundle, and its visibility."""

    visibility = RadioField(
        "Who can see it",
        choices=[
            SelectChoice(v.value, VISIBLE_TO[v])
            for v in ProductVisibility
            if v != ProductVisibility.MEMBERS_ONLY
        ],
    )


class AddCourseForm(Form):
    """A course to add, and whether earlier buyers get it: so where the box isn't on the page (`asked`)."""

    course = HiddenField(filters=[raw_text])
    asked = HiddenField(filters=[raw_text])
    for_buyers = BooleanField("Earlier buyers get it too")

    def course_id(self) -> uuid.UUID | None:
        """Parse the id; None if it is malformed."""
        try:
            return uuid.UUID(self.course.data or "")
        except ValueError:
            return None

    @property
    def reaches_buyers(self) -> bool:
        """Tell if earlier buyers get the course, which they do unless the box was there and left empty."""
        return bool(self.for_buyers.data) or not self.asked.data


class AnswerForm(Form):
    """The answer to a request: whether the creator agrees."""

    agrees = HiddenField(filters=[raw_text])

"""Forms of the bundle editor, one for each page."""

import uuid
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from wtforms import BooleanField, Field, HiddenField, RadioField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, InputRequired

from blueprints.studio.course_forms import (
    NO_PRICE,
    VISIBLE_TO,
    at_most,
    categories,
    check_slug,
    check_title,
    parse_moment,
    title_field,
    to_utc,
)
from domain.authoring.course_details import SUMMARY, TITLE
from domain.base import markdown
from models import Level, ProductVisibility
from web.forms import Form, MarkdownSize, MoneyField, SelectField, one_line, raw_markdown, raw_text
from web.merging import MergingForm


class BundleDetailsForm(MergingForm):
    """Details of a bundle: title, slug, texts, category and level."""

    title = title_field()
    slug = StringField("Address", [InputRequired("Enter an address."), at_most(TITLE)], filters=[one_line])
    summary = TextAreaField("Summary", [at_most(SUMMARY)], filters=[one_line])
    description = TextAreaField(
        "Description", [MarkdownSize(markdown.MAX_BYTES)], filters=[raw_markdown], render_kw={"rows": 12}
    )
    category = SelectField("Category", [InputRequired("Choose a category.")])
    level = SelectField(
        "Level", choices=[SelectChoice(level.value, level.value.capitalize()) for level in Level]
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.category.choices = categories()

    def validate_title(self, field: Field) -> None:
        """Refuse a title of nothing but invisible characters, which the filter has removed."""
        check_title(field)

    def validate_slug(self, field: StringField) -> None:
        """Require a valid slug, and suggest one."""
        check_slug(field)


class BundleSaleForm(MergingForm):
    """Price and sale price in `currency`, the end of the sale in the creator's time zone, and visibility."""

    price = MoneyField("Price", [InputRequired(NO_PRICE), DataRequired(NO_PRICE)])
    sale_price = MoneyField("Sale price")
    sale_ends = StringField("Sale ends", filters=[one_line])
    visibility = RadioField(
        "Who can see it",
        choices=[
            SelectChoice(v.value, VISIBLE_TO[v])
            for v in ProductVisibility
            if v != ProductVisibility.MEMBERS_ONLY
        ],
    )

    def __init__(self, currency: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.currency = currency

    def validate_sale_ends(self, field: StringField) -> None:
        """Require the format of <input type="datetime-local">, if anything."""
        if field.data and parse_moment(field.data) is None:
            raise ValidationError("Enter a day and a time such as 2030-12-31T18:00.")

    def ends_at(self, zone: ZoneInfo) -> datetime | None:
        """Convert the end of the sale to UTC."""
        return to_utc(self.sale_ends.data, zone)


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

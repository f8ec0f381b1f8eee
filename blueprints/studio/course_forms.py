"""Forms of the course editor, one for each page."""

import uuid
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from wtforms import (
    BooleanField,
    Field,
    HiddenField,
    IntegerField,
    RadioField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import DataRequired, InputRequired, Length, NumberRange

from domain.authoring import course_details
from domain.authoring.course_details import (
    LINE_LENGTH,
    LINES,
    META_DESCRIPTION,
    META_TITLE,
    SUMMARY,
    TECHNOLOGY,
    TITLE,
    SharingTexts,
)
from domain.authoring.curriculum import LONGEST_DRIP
from domain.base import markdown, slugs
from domain.catalog.index import facets
from models import Level, Module, ProductVisibility, Tier
from web.forms import (
    Form,
    LinesField,
    MarkdownSize,
    MoneyField,
    SelectField,
    one_line,
    raw_markdown,
    raw_text,
)
from web.merging import MergingForm

MOMENT = "%Y-%m-%dT%H:%M"


VISIBLE_TO = {
    ProductVisibility.PUBLIC: "Everyone",
    ProductVisibility.UNLISTED: "Anyone with the link",
    ProductVisibility.MEMBERS_ONLY: "Members",
    ProductVisibility.PRIVATE: "Private",
}


def at_most(number: int) -> Length:
    """Limit a field to `number` characters."""
    return Length(max=number, message=f"Use at most {number} characters.")


def title_field() -> StringField:
    """Build the field of a title."""
    return StringField("Title", [InputRequired("Enter a title."), at_most(TITLE)], filters=[one_line])


class NewCourseForm(Form):
    """Title and category of a new course."""

    title = title_field()
    category = SelectField("Category", [InputRequired("Choose a category.")])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.category.choices = [SelectChoice("", "Choose one"), *categories()]

    def validate_title(self, field: Field) -> None:
        """Refuse a title of nothing but invisible characters, which the filter has removed."""
        check_title(field)


class PageFields(Form):
    """The page of a course or a bundle: title, slug, texts, category, tags and level."""

    title = title_field()
    slug = StringField("Address", [InputRequired("Enter an address."), at_most(TITLE)], filters=[one_line])
    summary = TextAreaField("Summary", [at_most(SUMMARY)], filters=[one_line])
    description = TextAreaField(
        "Description", [MarkdownSize(markdown.MAX_BYTES)], filters=[raw_markdown], render_kw={"rows": 16}
    )
    category = SelectField("Category", [InputRequired("Choose a category.")])
    tags = StringField("Tags", [at_most(600)], filters=[one_line])
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


class DetailsForm(PageFields, MergingForm):
    """Details of a course: its page, technology, language, objectives and prerequisites."""

    technology = StringField("Technology", [at_most(TECHNOLOGY)], filters=[one_line])
    language = SelectField("Language")
    objectives = LinesField("What learners will be able to do", most=LINES, longest=LINE_LENGTH)
    prerequisites = LinesField("What learners need to know", most=LINES, longest=LINE_LENGTH)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.language.object_data or "en"
        names = {stored: facets.language_name(stored), **facets.LANGUAGES}
        self.language.choices = [
            SelectChoice(code, name) for code, name in sorted(names.items(), key=lambda pair: pair[1])
        ]


NO_PRICE = "Enter a price, or 0 for free."


class PriceFields(Form):
    """Price and sale price in `currency`, and the end of the sale in the creator's time zone."""

    # InputRequired alone takes blanks; DataRequired alone takes a request without fields, as it stood.
    price = MoneyField("Price", [InputRequired(NO_PRICE), DataRequired(NO_PRICE)])
    sale_price = MoneyField("Sale price")
    sale_ends = StringField("Sale ends", filters=[one_line])

    def __init__(self, currency: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.currency = currency

    def validate_sale_ends(self, field: StringField) -> None:
        """Require the format of <input type="datetime-local">, if anything."""
        if field.data and parse_moment(field.data) is None:
            raise ValidationError("Enter a day and a time such as 2030-12-31T18:00.")

    def amounts(self, zone: ZoneInfo) -> tuple[int, int | None, datetime | None]:
        """Collect price and sale price in minor units, and the end of the sale in UTC."""
        return self.price.cents or 0, self.sale_price.cents, to_utc(self.sale_ends.data, zone)


class PricingForm(PriceFields, MergingForm):
    """Price of a course, and its size."""

    tier = RadioField(
        "Size",
        choices=[
            SelectChoice("", "No size"),
            *(SelectChoice(tier.value, tier.value.replace("_", " ").capitalize()) for tier in Tier),
        ],
    )


class SharingForm(MergingForm):
    """Title and description for search engines and link previews."""

    meta_title = StringField("Search and sharing title", [at_most(META_TITLE)], filters=[one_line])
    meta_description = TextAreaField(
        "Search and sharing description",
        [at_most(META_DESCRIPTION)],
        filters=[one_line],
        render_kw={"rows": 3},
    )

    def texts(self) -> SharingTexts:
        """Collect the submitted texts."""
        return SharingTexts(self.meta_title.data or "", self.meta_description.data or "")


class AccessForm(MergingForm):
    """Access rules: visibility and sequential order; `entry_form` adds a drip field per module."""

    visibility = RadioField(
        "Who can see it", choices=[SelectChoice(v.value, VISIBLE_TO[v]) for v in ProductVisibility]
    )
    sequential = BooleanField("Lessons open in order")


class PrerequisiteForm(Form):
    """The id of a prerequisite course."""

    course = HiddenField(filters=[raw_text])

    def course_id(self) -> uuid.UUID | None:
        """Parse the id; None if it is malformed."""
        try:
            return uuid.UUID(self.course.data or "")
        except ValueError:
            return None


def entry_form(modules: list[Module]) -> type[AccessForm]:
    """Build an AccessForm class with a field `days_<id>` for each of `modules`."""
    fields = {
        days_of(module.id): IntegerField(
            module.title,
            [
                InputRequired("Enter 0 to open the module right away."),
                NumberRange(0, LONGEST_DRIP, f"Enter a whole number from 0 to {LONGEST_DRIP}."),
            ],
        )
        for module in modules
    }
    return type("ModulesAccessForm", (AccessForm,), fields)


def days_of(module_id: uuid.UUID) -> str:
    """Name the drip field of a module."""
    return f"days_{module_id.hex}"


def check_title(field: Field) -> None:
    """Refuse a title of nothing but invisible characters, which the filter has removed."""
    if not field.data:
        raise ValidationError("Enter a title.")


def check_slug(field: Field) -> None:
    """Require a valid slug, and suggest one."""
    if slugs.is_slug(field.data or ""):
        return
    wanted = slugs.slugify(field.data or "", "")
    if not wanted:
        raise ValidationError("Use letters and digits.")
    raise ValidationError(f"Use lowercase letters, digits and hyphens: {wanted}")


def to_utc(typed: str | None, zone: ZoneInfo) -> datetime | None:
    """Convert a moment as it is typed in `zone` to UTC; None if it isn't one."""
    moment = parse_moment(typed or "")
    return moment.replace(tzinfo=zone).astimezone(UTC) if moment else None


def parse_moment(typed: str) -> datetime | None:
    """Parse the value of an <input type="datetime-local">, without a zone; None if it isn't one."""
    try:
        moment = datetime.strptime(typed[:16], MOMENT)  # noqa: DTZ007 - the reader's zone is added to it
    except ValueError:
        return None
    return moment if 2000 <= moment.year < 2200 else None


def categories() -> list[SelectChoice]:
    """List the choices of a category."""
    return [SelectChoice(str(id_), path) for id_, path in course_details.categories()]

"""Forms of the shop's settings."""

import re
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from flask_wtf.file import FileField
from wtforms import (
    BooleanField,
    EmailField,
    HiddenField,
    IntegerField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, NumberRange, Regexp

from domain import Refused
from domain.people import accounts
from domain.platform import color_contrast, settings
from web.forms import Form, LinesField, SelectField, is_web_address, one_line, paragraphs
from web.merging import MergingForm

COLOR = re.compile(r"#[0-9a-f]{6}")
MAX_ABOUT = 20_000
_PERCENT = "Enter a whole number from 0 to 100."
_MINUTES = "Enter a whole number from 5 to 1,440 (one day)."


@cache
def zones() -> list[SelectChoice]:
    """List the IANA time zones as choices, UTC first."""
    names = sorted(name for name in available_timezones() if "/" in name and name[0].isupper())
    return [SelectChoice(name, name) for name in ["UTC", *names]]


def social_lines(places: list[dict[str, str]]) -> list[str]:
    """Format the social links as they are typed: a name and a URL on each line."""
    return [f"{place['label']} {place['url']}" for place in places]


class ShopProfileForm(MergingForm):
    """The shop's texts: name, home page, about, contact and links."""

    name = StringField(
        "Name",
        [InputRequired("Enter a name for your site."), Length(max=60, message="Use at most 60 characters.")],
        filters=[one_line],
    )
    hero_title = StringField(
        "Home page title",
        [
            InputRequired("Say what your site is about."),
            Length(max=120, message="Use at most 120 characters."),
        ],
        filters=[one_line],
    )
    hero_subtitle = TextAreaField(
        "Home page subtitle", [Length(max=300, message="Use at most 300 characters.")], filters=[one_line]
    )
    about = TextAreaField(
        "About",
        [Length(max=MAX_ABOUT, message=f"Use at most {MAX_ABOUT:,} characters.")],
        filters=[paragraphs],
    )
    contact_email = EmailField(
        "Contact email",
        [
            InputRequired("Enter an address someone reads."),
            Length(max=254, message="That’s too long."),
        ],
        filters=[one_line],
    )
    social = LinesField("Social links", most=8, longest=300)
    timezone = SelectField("Time zone", choices=[], validate_choice=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.timezone.choices = zones()

    def places(self) -> list[dict[str, str]]:
        """Parse the social links into the form in which the settings keep them."""
        typed = (line.rpartition(" ") for line in self.social.data or [])
        return [{"label": label, "url": url} for label, _, url in typed]

    def validate_name(self, field: StringField) -> None:
        """Refuse a name of nothing but invisible characters, which the filter has removed."""
        if not field.data:
            raise ValidationError("Enter a name for your site.")

    def validate_contact_email(self, field: EmailField) -> None:
        """Check and normalise the address."""
        try:
            field.data = accounts.normalise(field.data or "")
        except Refused as refusal:
            raise ValidationError(refusal.sentence) from refusal

    def validate_social(self, field: LinesField) -> None:
        """Require a name and a web address on every line."""
        if not all(place["label"] and is_web_address(place["url"]) for place in self.places()):
            raise ValidationError(
                "Write a name and an address on each line: Mastodon https://example.com/@us"
            )


class BrandColorForm(MergingForm):
    """The brand colour."""

    primary_color = StringField(
        "Brand colour",
        [
            InputRequired("Choose a colour."),
            Regexp(COLOR.pattern + r"\Z", message="Enter a hex code with six digits, such as #0f766e."),
        ],
        filters=[lambda value: one_line(value).lower()],
    )
    picked = HiddenField("Pick a colour")
    before = HiddenField("The colour that the page showed")
    preview = HiddenField("Show it first")

    @staticmethod
    def asked(color: str) -> str:
        """Parse the colour to preview, "#rrggbb"; anything else is the stored one."""
        return color.lower() if COLOR.fullmatch(color.lower()) else settings.current().primary_color

    def take_picked(self) -> None:
        """Take the colour from the picker, unless the hex code beside it was changed."""
        field, picked = self.primary_color, self.picked.data or ""
        if COLOR.fullmatch(picked) and field.data == self.before.data:
            field.data, field.raw_data = picked, [picked]

    def shown(self) -> str:
        """Choose the colour of the preview: the typed one, if valid."""
        return self.asked(self.primary_color.data or "")

    def validate_primary_color(self, field: StringField) -> None:
        """Require enough contrast (WCAG AA) for text on the colour and links in it, in light and in dark."""
        if not COLOR.fullmatch(field.data or ""):
            return
        for look in color_contrast.looks(field.data or ""):
            if min(look.button_text, look.link_text) < color_contrast.TEXT:
                raise ValidationError(
                    f"Text would be hard to read in {look.name.lower()} mode with this colour."
                )


class LogoForm(Form):
    """An image for the logo; none means the drawn one."""

    file = FileField("Logo")


class PolicyForm(MergingForm):
    """The platform fee, and the rules of moderation."""

    platform_fee_percent = IntegerField(
        "Platform fee in percent",
        [InputRequired(_PERCENT), NumberRange(0, 100, _PERCENT)],
    )
    pause_disputed = BooleanField("Pause access while a payment is disputed", false_values=("", "no"))
    require_review = BooleanField(
        "Review courses by creators who aren’t trusted before they go on sale", false_values=("", "no")
    )
    held_words = LinesField("Blocked words in reviews", most=500, longest=100)


class SignInForm(MergingForm):
    """The second factor and the idle timeout of admins."""

    admin_second_factor = BooleanField(
        "Require two-factor authentication for admins", false_values=("", "no")
    )
    admin_idle_minutes = IntegerField(
        "Ask inactive admins to confirm it’s them after (minutes)",
        [InputRequired(_MINUTES), NumberRange(5, 1440, _MINUTES)],
    )


class FeaturedForm(Form):
    """The address of a course to feature."""

    course = StringField(
        "Course address",
        [InputRequired("Enter a course address."), Length(max=300, message="That’s too long.")],
        filters=[one_line],
    )

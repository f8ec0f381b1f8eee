"""Forms of the account settings."""

import re
from functools import cache
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import available_timezones

from wtforms import (
    BooleanField,
    EmailField,
    PasswordField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length
from wtforms.widgets import CheckboxInput, ListWidget

from domain.people.accounts import MAX_PASSWORD, MIN_PASSWORD
from domain.platform import consents
from domain.platform.mail_preferences import TOPICS
from models import NotificationKind
from web.forms import Form, SelectField, one_line, paragraphs, raw_text
from web.merging import MergingForm

REGIONS = re.compile(r"(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Europe|Indian|Pacific)/")
GITHUB = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?")
LINKEDIN = re.compile(r"[\w-]{3,100}")


@cache
def zones() -> list[SelectChoice]:
    """List the IANA time zones as choices by region and place, UTC first."""
    names = sorted(z for z in available_timezones() if REGIONS.match(z))
    return [SelectChoice(name, name.replace("_", " ").replace("/", ", ")) for name in ["UTC", *names]]


def website_address(value: Any) -> str:
    """Normalise a web address as people type it: "https://" is added where the scheme is missing."""
    typed = one_line(value)
    return f"https://{typed}" if typed and "://" not in typed else typed


def account_name(value: Any) -> str:
    """Extract the user name from "@name" or from the URL of a profile."""
    typed = one_line(value).rstrip("/")
    return typed.rsplit("/", 1)[-1].removeprefix("@")


def _current_password() -> PasswordField:
    return PasswordField(
        "Current password",
        [
            InputRequired("Enter your current password."),
            Length(max=1024, message="That isn’t your password."),
        ],
        filters=[raw_text],
    )


class MailForm(MergingForm):
    """Preferences: the kinds of notifications that are also sent by mail, and consent to marketing."""

    kinds = SelectMultipleField(
        "Email me about", widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )
    marketing = BooleanField(consents.WORDING)

    def __init__(self, kinds: list[NotificationKind], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.kinds.choices = [(kind.value, TOPICS[kind].capitalize()) for kind in kinds]


class ProfileForm(MergingForm):
    """The public profile, and the time zone in which times are shown."""

    name = StringField(
        "Name",
        [InputRequired("Enter your name."), Length(max=100, message="Use at most 100 characters.")],
        filters=[one_line],
    )
    bio = TextAreaField(
        "About you", [Length(max=2000, message="Use at most 2,000 characters.")], filters=[paragraphs]
    )
    website = StringField(
        "Website", [Length(max=255, message="Use at most 255 characters.")], filters=[website_address]
    )
    github = StringField("GitHub", filters=[account_name])
    linkedin = StringField("LinkedIn", filters=[account_name])
    timezone = SelectField("Time zone", validate_choice=True)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.timezone.choices = zones()

    def validate_name(self, field: StringField) -> None:
        """Refuse a name of nothing but invisible characters, which the filter has removed."""
        if not field.data:
            raise ValidationError("Enter your name.")

    def validate_website(self, field: StringField) -> None:
        """Accept http and https only: a javascript: URL shown as a link would run in the page (XSS)."""
        try:
            parts = urlsplit(field.data or "")
            host = parts.hostname or ""
        except ValueError:
            raise ValidationError("That isn’t a web address.") from None
        if field.data and (parts.scheme not in ("http", "https") or "." not in host or " " in field.data):
            raise ValidationError("That isn’t a web address. Use one like https://example.com.")

    def validate_github(self, field: StringField) -> None:
        """Check the name against GitHub's rules for user names."""
        if field.data and not GITHUB.fullmatch(field.data):
            raise ValidationError("Enter just your GitHub username, such as octocat.")

    def validate_linkedin(self, field: StringField) -> None:
        """Check the last part of the address of a LinkedIn profile."""
        if field.data and not LINKEDIN.fullmatch(field.data):
            raise ValidationError("Enter the last part of your LinkedIn address, after /in/.")


class PasswordForm(Form):
    """The current password and the new one."""

    current = _current_password()
    password = PasswordField(
        "New password",
        [
            InputRequired("Choose a password."),
            Length(min=MIN_PASSWORD, message=f"Use at least {MIN_PASSWORD} characters."),
            Length(max=MAX_PASSWORD, message=f"Use at most {MAX_PASSWORD} characters."),
        ],
        filters=[raw_text],
    )


class EmailForm(Form):
    """The new email address, and the current password as proof of ownership."""

    email = EmailField(
        "New email",
        [
            InputRequired("Enter an email address."),
            Length(max=254, message="That’s too long."),
        ],
        filters=[one_line],
    )
    current = _current_password()


class SetupCodeForm(Form):
    """The first TOTP code of an authenticator app."""

    code = StringField(
        "Code from the app",
        [
            InputRequired("Enter the code from the app."),
            Length(max=100, message="That’s too long for a code."),
        ],
        filters=[raw_text],
    )


class CodesForm(Form):
    """Recovery codes as the page has shown them, separated by spaces."""

    codes = StringField("Codes", [InputRequired(), Length(max=400)], filters=[raw_text])


class CurrentPasswordForm(Form):
    """The current password, asked for before a sensitive action."""

    current = _current_password()

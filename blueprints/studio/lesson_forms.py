"""Forms of the curriculum and of the lesson editor."""

import re
import uuid
from typing import Any

from flask_wtf.file import FileField, MultipleFileField
from wtforms import (
    BooleanField,
    HiddenField,
    IntegerField,
    RadioField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    ValidationError,
)
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import AnyOf, InputRequired, Length, NumberRange

from domain import Refused
from domain.authoring import curriculum, lesson_content
from domain.authoring.curriculum import Position
from domain.base import markdown, slugs, webvtt
from domain.catalog.index import facets
from models import LessonKind, LessonVisibility
from web.forms import Form, MarkdownSize, SelectField, one_line, paragraphs, raw_markdown, raw_text
from web.merging import MergingForm, VersionField

KINDS = {LessonKind.TEXT: "Text", LessonKind.VIDEO: "Video", LessonKind.AUDIO: "Audio"}
VISIBILITIES = {
    LessonVisibility.MEMBERS: "Everyone who owns the course",
    LessonVisibility.PREVIEW: "Anyone, as a free preview",
    LessonVisibility.PRIVATE: "Only you and the site’s admins",
}
CLOCK = re.compile(r"(?:(?:(\d{1,2}):)?(\d{1,3}):)?(\d{1,5})", re.ASCII)


class FilmsForm(Form):
    """Several videos, to become lessons of a module."""

    module = SelectField("Module")
    files = MultipleFileField("Videos")
    names = SelectMultipleField("Names of the files", validate_choice=False)


def at_most(number: int) -> Length:
    """Limit a field to `number` characters."""
    return Length(max=number, message=f"Use at most {number:,} characters.")


def title_field(label: str = "Title") -> StringField:
    """Build a required one-line title field."""
    return StringField(
        label,
        [InputRequired("Enter a title."), at_most(lesson_content.MAX_TITLE)],
        filters=[one_line],
    )


def seconds(typed: str) -> int | None:
    """Parse a time such as 1:02:03, 4:05 or 90 into seconds; None for anything else.

    >>> seconds("1:02:03")
    3723
    """
    found = CLOCK.fullmatch(typed.strip())
    if not found:
        return None
    hours, minutes, rest = (int(part or 0) for part in found.groups())
    return hours * 3600 + minutes * 60 + rest


class TitledForm(Form):
    """A title: of a new module, or to rename something."""

    title = title_field()

    def validate_title(self, field: StringField) -> None:
        """Refuse a title of nothing but invisible characters, which the filter has removed."""
        if not field.data:
            raise ValidationError("Enter a title.")


class RenameForm(MergingForm, TitledForm):
    """A new title in place of the present one."""


class NewLessonForm(TitledForm):
    """Title and kind of a new lesson."""

    kind = SelectField(
        "Type",
        choices=[SelectChoice(kind.value, name) for kind, name in KINDS.items()],
        default=LessonKind.TEXT.value,
        filters=[raw_text],
    )


class ModuleForm(MergingForm, TitledForm):
    """Title, description and drip of a module, and whether it is published."""

    description = TextAreaField(
        "Description", [at_most(curriculum.LONGEST_DESCRIPTION)], filters=[paragraphs]
    )
    unlock_after_days = IntegerField(
        "Opens after this many days",
        [
            InputRequired("Enter a number of days, or 0 for right away."),
            NumberRange(
                0, curriculum.LONGEST_DRIP, f"Enter a whole number from 0 to {curriculum.LONGEST_DRIP}."
            ),
        ],
    )
    published = BooleanField("Visible to learners", false_values=("", "no", False))


class PositionForm(Form):
    """The target of a move: "after:<id>", "first:<module>", "last:<module>", or "first" of all."""

    to = HiddenField("Place", filters=[raw_text])

    def place(self) -> tuple[Position, uuid.UUID | None] | None:
        """Parse the target and the module it names; None if it is malformed."""
        word, _, key = (self.to.data or "").partition(":")
        try:
            id_ = uuid.UUID(key) if key else None
        except ValueError:
            return None
        if word == "after" and id_ is not None:
            return Position(id_), None
        return (Position(last=word == "last"), id_) if word in ("first", "last") else None


class DraftMarkForm(Form):
    """A button that discards a draft; `draft` is the mark of the one that its page shows."""

    draft = VersionField(filters=[raw_text])


class EditorForm(Form):
    """The open editor: its tab, and the autosaved text it has shown (domain/authoring/lesson_drafts.py)."""

    tab = HiddenField(filters=[raw_text])
    seen = VersionField(filters=[raw_text])


class LessonForm(EditorForm, TitledForm):
    """The lesson; `version`, `tab` and `seen` are its optimistic lock."""

    version = VersionField(filters=[raw_text])
    slug = StringField("Address", [at_most(slugs.LONGEST)], filters=[one_line])
    description = TextAreaField("Summary", [at_most(lesson_content.MAX_DESCRIPTION)], filters=[paragraphs])
    kind = RadioField(
        "Type",
        [AnyOf([kind.value for kind in LessonKind], "Choose one of these types.")],
        choices=[SelectChoice(kind.value, name) for kind, name in KINDS.items()],
        validate_choice=False,
        filters=[lambda value: raw_text(getattr(value, "value", value))],
    )
    body = TextAreaField(
        "Text", [MarkdownSize(markdown.MAX_BYTES)], filters=[raw_markdown], render_kw={"rows": 22}
    )
    external_video_url = StringField("YouTube or Vimeo link", [at_most(255)], filters=[one_line])
    length = StringField("Video length", filters=[one_line])
    visibility = RadioField(
        "Who can open it",
        [AnyOf([seen_by.value for seen_by in LessonVisibility], "Choose who can open it.")],
        choices=[SelectChoice(seen_by.value, name) for seen_by, name in VISIBILITIES.items()],
        validate_choice=False,
        filters=[lambda value: raw_text(getattr(value, "value", value))],
    )
    published = BooleanField("Published", false_values=("", "no", False))

    def validate_length(self, field: StringField) -> None:
        """Require minutes and seconds, as players show them."""
        if field.data and seconds(field.data) is None:
            raise ValidationError("Write it like 12:30.")

    def values(self) -> dict[str, Any]:
        """Collect the submitted values by column name; invalid ones are left out."""
        found: dict[str, Any] = {
            "title": self.title.data or "",
            "slug": self.slug.data or "",
            "description": self.description.data or "",
            "body": self.body.data or "",
            "external_video_url": self.external_video_url.data or None,
            "published": bool(self.published.data),
        }
        if self.kind.data in list(LessonKind):
            found["kind"] = LessonKind(self.kind.data)
        if self.visibility.data in list(LessonVisibility):
            found["visibility"] = LessonVisibility(self.visibility.data)
        if self.length.data and (length := seconds(self.length.data)) is not None:
            found["duration_seconds"] = length
        return found

    def seen_version(self) -> int:
        """Parse the version that the page was rendered with; 0, which no row has, for anything else."""
        typed = self.version.data or ""
        return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0


class LinkForm(TitledForm):
    """Title and address of a link among the resources."""

    url = StringField("Address", [InputRequired("Enter an address."), at_most(500)], filters=[one_line])


class CaptionForm(MergingForm):
    """Captions in one language: a file, or its text. A code goes before the language of the list."""

    language = SelectField("Language", [InputRequired("Choose a language.")], filters=[one_line])
    code = StringField("Or its code", [at_most(webvtt.LONGEST_LANGUAGE)], filters=[one_line])
    label = StringField("Name", [at_most(60)], filters=[one_line])
    file = FileField("File (.vtt or .srt)")
    vtt = TextAreaField("Captions", [at_most(webvtt.MAX_CHARACTERS)], filters=[raw_markdown])
    replace = BooleanField("Replace those there are")

    def __init__(self, *args: Any, fixed: str | None = None, **kwargs: Any) -> None:
        """Take `fixed` for captions whose language is known: the form has no fields to choose it then."""
        super().__init__(*args, **kwargs)
        self.fixed = fixed
        if fixed:
            del self.language, self.code, self.replace
            return
        self.language.choices = [("", "Choose a language"), *facets.languages()]
        if self.code.data:
            self.language.validators = []
        # Ticked for the language that was asked about: another may have been chosen since.
        self.replace.data = (self.replace.raw_data or [""])[0].lower() == (self.spoken.lower() or None)

    def validate_code(self, field: StringField) -> None:
        """Refuse a malformed tag."""
        try:
            webvtt.check_language(field.data or "en")
        except Refused as refusal:
            raise ValidationError(refusal.sentence) from None

    @property
    def spoken(self) -> str:
        """Return the chosen language, a tag that may be malformed; "" where none is chosen."""
        return self.fixed or self.code.data or self.language.data or ""


class ChaptersForm(MergingForm):
    """Chapters, each line a time and a title."""

    chapters = TextAreaField("Chapters", [at_most(20_000)], filters=[raw_markdown])

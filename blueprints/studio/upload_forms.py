"""Forms of uploads. Missing values are refused by the domain, with a sentence for people."""

import re
import uuid
from typing import Any

from flask_wtf.file import FileField, FileRequired
from wtforms import HiddenField, IntegerRangeField, StringField, ValidationError
from wtforms.validators import AnyOf, NumberRange, Optional

from domain.platform.images import Crop
from models import UploadPurpose
from web.forms import Form, one_line, raw_text

PURPOSES = [purpose.value for purpose in UploadPurpose]


def _id(value: Any) -> uuid.UUID | str | None:
    """Parse an id: None if empty, the text itself if malformed."""
    try:
        return uuid.UUID(raw_text(value)) if value else None
    except ValueError:
        return raw_text(value)


class UploadTargetForm(Form):
    """The purpose of an upload, and the course and lesson it belongs to."""

    purpose = HiddenField(validators=[AnyOf(PURPOSES, message="Say what the file is for.")])
    course = HiddenField(filters=[_id])
    lesson = HiddenField(filters=[_id])

    def validate_course(self, field: HiddenField) -> None:
        """Require a UUID, if anything."""
        if isinstance(field.data, str):
            raise ValidationError("Course not found.")

    def validate_lesson(self, field: HiddenField) -> None:
        """Require a UUID, if anything."""
        if isinstance(field.data, str):
            raise ValidationError("Lesson not found.")


class UploadForm(UploadTargetForm):
    """An upload session, announced by name and size, or a file sent with the form."""

    filename = StringField(filters=[one_line])
    size = StringField(filters=[one_line])
    sha256 = StringField(filters=[lambda value: raw_text(value).lower() or None])
    file = FileField("File")

    @property
    def bytes(self) -> int:
        """Parse the announced size; 0 if it is malformed."""
        typed = self.size.data or ""
        return int(typed) if re.fullmatch("[0-9]{1,18}", typed) else 0

    def validate_sha256(self, field: StringField) -> None:
        """Require 64 hexadecimal digits, if anything."""
        if field.data and not re.fullmatch("[0-9a-f]{64}", field.data):
            raise ValidationError("That isn’t a SHA-256 checksum.")


class ThumbnailForm(Form):
    """A cover image, and the crop to show, in per cent."""

    picture = FileField("Image", [FileRequired("Choose an image.")])
    x = IntegerRangeField("Left to right", [Optional(), NumberRange(0, 100)], default=50)
    y = IntegerRangeField("Top to bottom", [Optional(), NumberRange(0, 100)], default=50)
    zoom = IntegerRangeField("Zoom", [Optional(), NumberRange(100, 400)], default=100)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for slider in (self.x, self.y, self.zoom):
            slider.flags.required = True  # a slider always has a value

    @property
    def crop(self) -> Crop:
        """Build the crop, as fractions."""
        x, y = ((50 if f.data is None else f.data) / 100 for f in (self.x, self.y))
        return Crop(x, y, (self.zoom.data or 100) / 100)


class PictureForm(Form):
    """An image for a text."""

    picture = FileField("Image", [FileRequired("Choose an image.")])
    lesson = HiddenField(filters=[_id])

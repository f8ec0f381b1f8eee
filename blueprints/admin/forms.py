"""The forms of the people who run the site."""

import uuid

from wtforms import BooleanField, DateField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import AnyOf, InputRequired, Length, Optional

from domain.catalog.categories import Branch, Wish
from domain.commerce.alert_list import MAX_NOTE
from domain.people.suspension import MAX_REASON
from models import Category, Role
from web.forms import Form, SelectField, one_line, paragraphs, text
from web.merging import Merging

ICONS = (
    "book", "code", "server", "chart", "globe", "phone", "device", "tools", "shield", "image", "audio",
    "video", "pen", "heart", "compass", "calendar", "card", "message", "users", "star", "grid",
)  # fmt: skip

ROLES = {
    Role.LEARNER: "Learner",
    Role.CREATOR: "Creator, who also learns",
    Role.ADMIN: "Admin, who may do everything",
}


def _icons(names: tuple[str, ...]) -> list[SelectChoice]:
    return [SelectChoice(name, name.replace("-", " ")) for name in names]


class PressForm(Form):
    """A button alone."""


class SwitchForm(Form):
    """The wish, not the change: sending it twice changes nothing more."""

    on = BooleanField(false_values=("", "no"))


class RoleForm(Merging):
    """What somebody may do."""

    role = SelectField(
        "Role",
        [InputRequired("Choose what they may do.")],
        choices=[SelectChoice(role.value, name) for role, name in ROLES.items()],
    )


class SuspendForm(Form):
    """Why somebody is shut out."""

    reason = TextAreaField(
        "Why?",
        [
            InputRequired("Say why: they are told, and it stands in the audit log."),
            Length(max=MAX_REASON, message=f"Use at most {MAX_REASON:,} characters."),
        ],
        filters=[paragraphs],
    )
    with_courses = BooleanField("Take their courses off sale as well", false_values=("", "no"))


class RestoreForm(Form):
    """Letting somebody in again, with the courses that were taken off sale with them or without."""

    with_courses = BooleanField("Put their courses back on sale", false_values=("", "no"))


class GiveForm(Form):
    """A course to give away, and until when."""

    course = StringField(
        "Address of the course",
        [InputRequired("Enter the address of a course."), Length(max=300, message="That is too long.")],
        filters=[one_line],
    )
    expires_on = DateField("Last day", [Optional()])

    def validate_expires_on(self, field: DateField) -> None:
        """A year that people mean: the last one of the calendar can't be counted on from."""
        if field.data and not 2000 <= field.data.year <= 2200:
            raise ValidationError("Enter a day of this century, or leave it empty.")


class NoteForm(Form):
    """What came of looking at something."""

    note = TextAreaField(
        "What came of it?",
        [
            InputRequired("Write a sentence, for whoever asks later."),
            Length(max=MAX_NOTE, message=f"Use at most {MAX_NOTE:,} characters."),
        ],
        filters=[paragraphs],
    )


class MoveForm(Form):
    """Up or down."""

    to = StringField(validators=[AnyOf(["up", "down"])], filters=[text])


class CategoryForm(Merging):
    """A shelf of the catalogue."""

    name = StringField(
        "Name",
        [InputRequired("Give it a name."), Length(max=80, message="Use at most 80 characters.")],
        filters=[one_line],
    )
    description = StringField(
        "In one sentence", [Length(max=300, message="Use at most 300 characters.")], filters=[one_line]
    )
    icon = SelectField("Icon", choices=_icons(ICONS))
    parent_id = SelectField("Stands under", validate_choice=True)

    @classmethod
    def among(cls, branches: list[Branch], obj: Category | None = None) -> "CategoryForm":
        """The form with the categories of the first level to choose from."""
        form = cls(obj=obj)
        first = SelectChoice("", "Nothing: first level")
        form.parent_id.choices = [
            first,
            *(SelectChoice(str(branch.category.id), branch.category.name) for branch in branches),
        ]
        if not form.is_submitted():
            form.parent_id.data = str(obj.parent_id) if obj is not None and obj.parent_id else ""
            if obj is not None and obj.icon not in ICONS:
                form.icon.choices = [
                    SelectChoice(name, name.replace("-", " ")) for name in (obj.icon, *ICONS)
                ]
        return form

    def wish(self) -> Wish:
        """What was typed."""
        parent = self.parent_id.data
        return Wish(
            name=self.name.data or "",
            description=self.description.data or "",
            icon=self.icon.data,
            parent_id=uuid.UUID(parent) if parent else None,
        )

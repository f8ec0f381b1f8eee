"""Forms of the admin area."""

import uuid

from wtforms import BooleanField, DateField, HiddenField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import AnyOf, InputRequired, Length, Optional

from domain.catalog.categories import CategoryInput, CategoryTree
from domain.commerce.alert_list import MAX_NOTE
from domain.people.suspension import MAX_REASON
from models import Category, Role
from web.forms import Form, SelectField, one_line, paragraphs, raw_text
from web.merging import MergingForm

ICONS = (
    "book", "code", "server", "chart", "globe", "phone", "device", "tools", "shield", "image", "audio",
    "video", "pen", "heart", "compass", "calendar", "card", "message", "users", "star", "grid",
)  # fmt: skip

ROLES = {
    Role.LEARNER: "Learner",
    Role.CREATOR: "Creator",
    Role.ADMIN: "Admin, with full access",
}


def _icons(names: tuple[str, ...]) -> list[SelectChoice]:
    return [SelectChoice(name, name.replace("-", " ")) for name in names]


class RoleForm(MergingForm):
    """The role of an account."""

    role = SelectField(
        "Role",
        [InputRequired("Choose a role.")],
        choices=[SelectChoice(role.value, name) for role, name in ROLES.items()],
    )


class SuspendForm(Form):
    """The reason for suspending an account, and whether their courses go off sale too."""

    reason = TextAreaField(
        "Reason",
        [
            InputRequired("Enter a reason. We email it to them and keep it in the audit log."),
            Length(max=MAX_REASON, message=f"Use at most {MAX_REASON:,} characters."),
        ],
        filters=[paragraphs],
    )
    with_courses = BooleanField("Take their courses off sale as well", false_values=("", "no"))


class RestoreForm(Form):
    """Lifting a suspension, with or without putting their courses back on sale."""

    with_courses = BooleanField("Put their courses back on sale", false_values=("", "no"))


class CompAccessForm(Form):
    """A complimentary course, and the last day of its access."""

    course = StringField(
        "Course address",
        [InputRequired("Enter a course address."), Length(max=300, message="That’s too long.")],
        filters=[one_line],
    )
    expires_on = DateField("Ends on", [Optional()])

    def validate_expires_on(self, field: DateField) -> None:
        """Limit the year to 2000–2200: adding a day to the calendar's last date would overflow."""
        if field.data and not 2000 <= field.data.year <= 2200:
            raise ValidationError("Enter a date in this century, or leave it empty.")


class NoteForm(Form):
    """A note about how an alert was resolved."""

    note = TextAreaField(
        "How was it resolved?",
        [
            InputRequired("Write a short note for the record."),
            Length(max=MAX_NOTE, message=f"Use at most {MAX_NOTE:,} characters."),
        ],
        filters=[paragraphs],
    )


class MoveForm(Form):
    """A direction: up or down."""

    to = HiddenField(validators=[AnyOf(["up", "down"])], filters=[raw_text])


class CategoryForm(MergingForm):
    """A category of the catalogue."""

    name = StringField(
        "Name",
        [InputRequired("Give it a name."), Length(max=80, message="Use at most 80 characters.")],
        filters=[one_line],
    )
    description = StringField(
        "Description", [Length(max=300, message="Use at most 300 characters.")], filters=[one_line]
    )
    icon = SelectField("Icon", choices=_icons(ICONS))
    parent_id = SelectField("Parent category", validate_choice=True)

    @classmethod
    def among(cls, branches: list[CategoryTree], obj: Category | None = None) -> "CategoryForm":
        """Build the form with the categories of the first level as possible parents."""
        form = cls(obj=obj)
        first = SelectChoice("", "None (top level)")
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

    def wish(self) -> CategoryInput:
        """Collect the submitted values."""
        parent = self.parent_id.data
        return CategoryInput(
            name=self.name.data or "",
            description=self.description.data or "",
            icon=self.icon.data,
            parent_id=uuid.UUID(parent) if parent else None,
        )

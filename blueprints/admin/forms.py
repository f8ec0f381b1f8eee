"""The forms of the people who run the site."""

from wtforms import BooleanField, DateField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # newer than its stubs
from wtforms.validators import InputRequired, Length, Optional

from domain.suspension import MAX_REASON
from forms import Form, one_line, paragraphs
from models import Role

ROLES = {
    Role.LEARNER: "Learner",
    Role.CREATOR: "Creator, who also learns",
    Role.ADMIN: "Admin, who may do everything",
}


class PressForm(Form):
    """A button alone."""


class SwitchForm(Form):
    """The wish, not the change: sending it twice changes nothing more."""

    on = BooleanField(false_values=("", "no"))


class RoleForm(Form):
    """What somebody may do."""

    role = SelectField("Role", choices=[SelectChoice(role.value, name) for role, name in ROLES.items()])


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

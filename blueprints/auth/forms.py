"""Forms of registration and signing in."""

from wtforms import BooleanField, EmailField, PasswordField, SelectMultipleField, StringField
from wtforms.validators import InputRequired, Length, StopValidation
from wtforms.widgets import CheckboxInput, ListWidget

from domain.people.accounts import MAX_PASSWORD, MIN_PASSWORD
from web.forms import Form, one_line, raw_text

MAX_EMAIL = 254


def _email() -> EmailField:
    return EmailField(
        "Email",
        [
            InputRequired("Enter your email address."),
            Length(max=MAX_EMAIL, message="That’s too long."),
        ],
        filters=[one_line],
    )


def _new_password(label: str) -> PasswordField:
    return PasswordField(
        label,
        [
            InputRequired("Choose a password."),
            Length(min=MIN_PASSWORD, message=f"Use at least {MIN_PASSWORD} characters."),
            Length(max=MAX_PASSWORD, message=f"Use at most {MAX_PASSWORD} characters."),
        ],
        filters=[raw_text],
    )


def says_something(_form: Form, field: StringField) -> None:
    """Refuse a name of nothing but invisible characters, which the filter removed. Raises StopValidation."""
    if not field.data:
        raise StopValidation("Enter your name.")


class RegisterForm(Form):
    """Name, address and password. The password is asked for once: it can be shown and reset."""

    name = StringField(
        "Name",
        [
            InputRequired("Enter your name."),
            says_something,
            Length(max=100, message="Use at most 100 characters."),
        ],
        filters=[one_line],
    )
    email = _email()
    password = _new_password("Password")


class LoginForm(Form):
    """Address and password. Only very long passwords are refused here; the rest fail as wrong ones."""

    email = _email()
    password = PasswordField(
        "Password",
        [InputRequired("Enter your password."), Length(max=1024, message="That’s too long for a password.")],
        filters=[raw_text],
    )
    remember = BooleanField("Keep me signed in on this device")


class CodeForm(Form):
    """A TOTP code or a recovery code."""

    code = StringField(
        "Code",
        [InputRequired("Enter a code."), Length(max=100, message="That’s too long for a code.")],
        filters=[raw_text],
    )


class ProofForm(Form):
    """The account's password, where holding a link alone doesn't prove who opened it."""

    password = PasswordField(
        "Password",
        [InputRequired("Enter your password."), Length(max=1024, message="That’s too long for a password.")],
        filters=[raw_text],
    )


class ForgotForm(Form):
    """The address to send a reset link to."""

    email = _email()


class ResetForm(Form):
    """The new password, and the linked identities to keep: those that aren't ticked are removed."""

    password = _new_password("New password")
    keep = SelectMultipleField(
        "Keep as a way to sign in", widget=ListWidget(prefix_label=False), option_widget=CheckboxInput()
    )

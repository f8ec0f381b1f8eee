"""The base of all forms: cleaned text, limits, and refusals of the domain shown beside their field."""

import io
import threading
from functools import lru_cache
from typing import IO, Any, ClassVar, Self
from urllib.parse import urlsplit

import wtforms
from flask import Request, g, request
from flask_wtf import FlaskForm
from markupsafe import Markup
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.wsgi import LimitedStream
from wtforms import BooleanField, TextAreaField
from wtforms.validators import StopValidation
from wtforms.widgets import HiddenInput, Select

from domain import Refused
from domain.base import money, text
from web.form_errors import FormErrors


class BoundedParser(FormDataParser):
    """A form parser that applies MAX_FORM_MEMORY_SIZE and MAX_FORM_PARTS to urlencoded forms too (413).

    Werkzeug applies them to multipart forms only; 16 MB of ampersands would take seconds and a gigabyte, and
    rendering a form with half a million fields even longer (denial of service).
    """

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: Any = None
    ) -> tuple[IO[bytes], Any, Any]:
        """Parse as FormDataParser does."""
        most = self.max_form_memory_size
        if mimetype == "application/x-www-form-urlencoded" and most is not None:
            if content_length is not None and content_length > most:
                raise RequestEntityTooLarge
            stream = LimitedStream(stream, most, is_max=True)  # type: ignore[assignment]
        return super().parse(stream, mimetype, content_length, options)

    def _parse_urlencoded(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str]
    ) -> tuple[IO[bytes], Any, Any]:
        sent = stream.read()
        if self.max_form_parts is not None and sent.count(b"&") >= self.max_form_parts:
            raise RequestEntityTooLarge
        return super()._parse_urlencoded(io.BytesIO(sent), mimetype, content_length, options)


class BoundedRequest(Request):
    """A request with a bounded form and a Referer that can be parsed."""

    form_data_parser_class = BoundedParser

    @property
    def referrer(self) -> str | None:  # type: ignore[override]
        """Return the Referer; None if malformed: the CSRF check would raise an error."""
        try:
            return urlsplit(self.headers.get("Referer", "")).geturl() or None
        except ValueError:
            return None


class ReusableForm(wtforms.Form):
    """A form without a CSRF token of its own, for frequent requests; the application has checked the token.

    Binding fields costs more than reading them, so every thread keeps one instance and fills it anew.
    """

    kept: ClassVar[threading.local]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.kept = threading.local()

    @classmethod
    def of_request(cls) -> Self:
        """Fill this thread's instance with the request; valid until its next call."""
        form: Self | None = getattr(cls.kept, "form", None)
        if form is None:
            form = cls.kept.form = cls()
        form.process(request.form)
        return form


class Form(FlaskForm):
    """A form that can show a refusal of the domain."""

    class Meta(FlaskForm.Meta):
        """Settings of WTForms."""

        def get_translations(self, form: Any) -> FormErrors:
            """Answer our sentences for those of WTForms."""
            return FormErrors()

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Ignore JSON bodies: read as form data, a JSON list would raise an error."""
            return None if request.is_json else super().wrap_formdata(form, formdata)

        def render_field(self, field: Any, render_kw: dict[str, Any]) -> Any:
            """Leave out `maxlength`: browsers silently truncate a paste.

            Instead limits.js counts and we refuse.
            """
            return super().render_field(field, {**counting(field), **render_kw, "maxlength": False})

    def validate(self, extra_validators: Any = None) -> bool:
        """Validate as FlaskForm does.

        A value that can't be read breaks the other rules as well: their errors, which say more, stand alone.
        A stale form that is shown again (blueprints/auth/stale_forms.py) never passes.
        """
        if g.get("form_is_stale"):
            self.form_errors.append(
                "This page was open for too long. Nothing you typed is lost. Please send it again."
            )
            return False
        valid = bool(super().validate(extra_validators))
        for field in self:
            unread = len(field.process_errors)
            field.errors = field.errors[unread:] or field.errors
        return valid

    def refuse(self, refusal: Refused, otherwise: str = "") -> None:
        """Show `refusal` beside its field, or beside `otherwise` if it names none, or above the form."""
        field = self._fields.get(refusal.field or otherwise)
        if field is None:
            self.form_errors.append(refusal.sentence)
        else:
            field.errors = [*field.errors, refusal.sentence]

    @property
    def status(self) -> int:
        """Return the status of the page that shows this form: 422 once it was sent and refused."""
        return 422 if self.is_submitted() else 200


def counting(field: Any) -> dict[str, Any]:
    """Build the attributes by which static/js/limits.js counts what is typed into `field`; often none.

    Addresses and passwords have no counter: nobody writes them to a length.
    """
    if isinstance(field, LinesField):
        return {"data-lines": field.most, "data-longest": field.longest}
    if field.flags.maxbytes:
        return {"data-limit": field.flags.maxbytes, "data-kept": "markdown", "data-in": "bytes"}
    most = field.flags.maxlength
    if (
        most is None
        or field.type not in ("StringField", "TextAreaField")
        or isinstance(field.widget, HiddenInput)
    ):
        return {}
    kept = next((name.__name__ for name in (raw_markdown, paragraphs) if name in field.filters), "one_line")
    return {"data-limit": most, "data-kept": kept}


class ButtonForm(Form):
    """A button alone: nothing but the CSRF token."""


class SwitchForm(Form):
    """A switch that sends the wanted state instead of a toggle, so that sending it twice is idempotent."""

    on = BooleanField(false_values=("", "no"))


class MarkdownSize:
    """A limit of `most` bytes of UTF-8, as domain/base/markdown.py counts it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.field_flags = {"maxbytes": most}

    def __call__(self, form: Any, field: Any) -> None:
        """Refuse a longer text. Raises StopValidation."""
        size = len((field.data or "").encode(errors="replace"))
        if size > self.most:
            raise StopValidation(
                f"This text has {size:,} bytes, which is {size - self.most:,} too many. "
                f"Use at most {self.most:,}."
            )


class Options(Select):
    """A select that renders plain options without a template each: a list of time zones has 600."""

    @classmethod
    def render_option(  # type: ignore[override]  # the stubs know the signature of before 3.3
        cls, choice: Any, **kwargs: Any
    ) -> Markup:
        """Render an option exactly as the library would."""
        if choice.render_kw or kwargs:
            return Markup(super().render_option(choice, **kwargs))  # noqa: S704
        return cls._plain(choice.value, choice.label or choice.value, " selected" if choice.selected else "")

    @staticmethod
    @lru_cache(2048, typed=True)  # untyped, True would be 1, and Markup the text that it holds
    def _plain(value: Any, label: Any, selected: str) -> Markup:
        return Markup('<option{} value="{}">{}</option>').format(selected, value, label)


class SelectField(wtforms.SelectField):
    """A select field for long lists."""

    widget = Options()


class LinesField(TextAreaField):
    """A list of short texts, one per line: `most` of at most `longest` characters each."""

    def __init__(self, label: str, most: int = 10, longest: int = 60, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.most, self.longest = most, longest

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Split into unique, non-empty lines."""
        self.data: Any = text.lines(line for value in valuelist for line in raw_text(value).splitlines())

    def pre_validate(self, form: Any) -> None:
        """Refuse too many or too long lines."""
        lines = self.data or []
        if len(lines) > self.most:
            raise StopValidation(f"Use at most {self.most} lines.")
        if any(len(line) > self.longest for line in lines):
            raise StopValidation(f"Use at most {self.longest} characters per line.")

    def _value(self) -> str:
        if self.errors and self.raw_data:
            # As it was typed, because the error may quote a line.
            return text.clean(raw_text(self.raw_data[0]))
        return "\n".join(str(line) for line in self.data or [])


class MoneyField(wtforms.StringField):
    """An amount of the `currency` of its form, as people type it; `cents` is it in minor units, if any."""

    cents: int | None = None

    def __init__(self, label: str, validators: Any = None, **kwargs: Any) -> None:
        super().__init__(label, validators, filters=[one_line], **kwargs)

    def pre_validate(self, form: Any) -> None:
        """Parse the amount, in a field that isn't empty."""
        if self.data:
            try:
                self.cents = money.parse(self.data, form.currency)
            except Refused as refusal:
                raise StopValidation(refusal.sentence) from None


class AddressesField(LinesField):
    """A list of web addresses, one per line; a missing scheme is added."""

    def __init__(self, label: str, most: int = 5, longest: int = 255, **kwargs: Any) -> None:
        super().__init__(label, most, longest, **kwargs)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """Split into lines and add "https://" where the scheme is missing."""
        super().process_formdata(valuelist)
        self.data = [line if "://" in line else f"https://{line}" for line in self.data]

    def pre_validate(self, form: Any) -> None:
        """Accept http and https only: a javascript: URL shown as a link would run in the page (XSS)."""
        super().pre_validate(form)
        for line in self.data or []:
            if not is_web_address(line):
                raise StopValidation(f"“{line}” isn’t a web address. Use one like https://example.com.")


def is_web_address(value: str) -> bool:
    """Tell whether `value` is an absolute http(s) URL, such as https://example.com/about."""
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "." in host and " " not in value


def raw_text(value: Any) -> str:
    """Return submitted text unchanged; "" for a file sent in its place."""
    return value if isinstance(value, str) else ""


def one_line(value: Any) -> str:
    """Clean text to one line, see domain/base/text.py."""
    return text.one_line(raw_text(value))


def paragraphs(value: Any) -> str:
    """Clean text of several lines, without blank lines around it."""
    return text.paragraphs(raw_text(value))


def raw_markdown(value: Any) -> str:
    """Clean Markdown; its whitespace is significant and kept."""
    return text.markdown_source(raw_text(value))

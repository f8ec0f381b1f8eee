"""What all forms share: text is cleaned before it is checked, and a refusal lands beside its field."""

import io
import threading
from typing import IO, Any, ClassVar, Self
from urllib.parse import urlsplit

import wtforms
from flask import Request, g, request
from flask_wtf import FlaskForm
from markupsafe import Markup, escape
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.wsgi import LimitedStream
from wtforms import TextAreaField
from wtforms.validators import StopValidation
from wtforms.widgets import HiddenInput, Select

from domain import Refused
from domain.base import text as texts


class BoundedParser(FormDataParser):
    """Reads no more of a form without files than MAX_FORM_MEMORY_SIZE and MAX_FORM_PARTS: 413 for more.

    Werkzeug holds only multipart forms to them, and takes seconds and a gigabyte for 16 MB of ampersands.
    What shows a form again would take longer still for half a million fields than to read them.
    """

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: Any = None
    ) -> tuple[IO[bytes], Any, Any]:
        """As FormDataParser.parse does."""
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
    """A request whose form can't fill the memory, and whose Referer, if it has one, is an address."""

    form_data_parser_class = BoundedParser

    @property
    def referrer(self) -> str | None:  # type: ignore[override]
        """The page the request comes from; None for what can't be read: the CSRF check would fail on it."""
        try:
            return urlsplit(self.headers.get("Referer", "")).geturl() or None
        except ValueError:
            return None


class Reading(wtforms.Form):
    """A form that only reads what was sent, without a token of its own: the application has checked that one.

    To bind its fields takes longer than to read them, so every thread keeps one and fills it anew.
    """

    kept: ClassVar[threading.local]

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.kept = threading.local()

    @classmethod
    def of_request(cls) -> Self:
        """The form as it was posted, until this thread asks for the next one."""
        form: Self | None = getattr(cls.kept, "form", None)
        if form is None:
            form = cls.kept.form = cls()
        form.process(request.form)
        return form


class Form(FlaskForm):
    """A form that knows how to take a refusal of the domain."""

    class Meta(FlaskForm.Meta):
        """What is read as a form."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Leave JSON alone: read as a form, a list of it would break the page."""
            return None if request.is_json else super().wrap_formdata(form, formdata)

        def render_field(self, field: Any, render_kw: dict[str, Any]) -> Any:
            """Leave `maxlength` out, by which browsers cut a paste off: limits.js counts, we refuse."""
            return super().render_field(field, {**counting(field), **render_kw, "maxlength": False})

    def validate(self, extra_validators: Any = None) -> bool:
        """As FlaskForm.validate does; a stale form shown again (blueprints/auth/stale.py) never passes."""
        if g.get("form_is_stale"):
            self.form_errors.append(
                "This page was open for too long. Nothing you typed is lost: send it again."
            )
            return False
        return bool(super().validate(extra_validators))

    def refuse(self, refusal: Refused) -> None:
        """Show `refusal` beside the field it is about, or above the form when it is about none."""
        field = self._fields.get(refusal.field or "")
        if field is None:
            self.form_errors.append(refusal.sentence)
        else:
            field.errors = [*field.errors, refusal.sentence]

    @property
    def status(self) -> int:
        """The status of the page that shows this form: 422 once it was sent and not accepted."""
        return 422 if self.is_submitted() else 200


def counting(field: Any) -> dict[str, Any]:
    """The attributes by which static/js/limits.js counts what is typed into `field`; none where it doesn't.

    Addresses and passwords are not written to a length: for them the server's refusal is enough.
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
    kept = next((name.__name__ for name in (markdown, paragraphs) if name in field.filters), "one_line")
    return {"data-limit": most, "data-kept": kept}


class MarkdownSize:
    """No more than `most` bytes of text in UTF-8, as domain/base/markdown.py counts it."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.field_flags = {"maxbytes": most}

    def __call__(self, form: Any, field: Any) -> None:
        """Refuse a longer one."""
        size = len((field.data or "").encode(errors="replace"))
        if size > self.most:
            raise StopValidation(
                f"This text has {size:,} bytes, which is {size - self.most:,} too many: "
                f"use at most {self.most:,}."
            )


class Options(Select):
    """A select whose options, a value and a text, are written at once: a list of time zones has 600."""

    @classmethod
    def render_option(  # type: ignore[override]  # the stubs know the signature of before 3.3
        cls, choice: Any, **kwargs: Any
    ) -> Markup:
        """One option, as the library would write it."""
        if choice.render_kw or kwargs:
            whole: Markup = super().render_option(choice, **kwargs)
            return whole
        chosen = " selected" if choice.selected else ""
        label = escape(choice.label or choice.value)
        return Markup(f'<option{chosen} value="{escape(choice.value)}">{label}</option>')  # noqa: S704


class SelectField(wtforms.SelectField):
    """A choice of one from a list that may be long."""

    widget = Options()


class LinesField(TextAreaField):
    """Short texts, one a line: `data` is the list of them. `most` of at most `longest` characters each."""

    def __init__(self, label: str, most: int = 10, longest: int = 60, **kwargs: Any) -> None:
        super().__init__(label, **kwargs)
        self.most, self.longest = most, longest

    def process_formdata(self, valuelist: list[Any]) -> None:
        """One entry for each line that says something, each only once."""
        lines = (one_line(line) for value in valuelist for line in text(value).splitlines() if line)
        self.data: Any = list(dict.fromkeys(line for line in lines if line))

    def pre_validate(self, form: Any) -> None:
        """Refuse too many lines and those that are too long."""
        lines = self.data or []
        if len(lines) > self.most:
            raise StopValidation(f"Use at most {self.most} lines.")
        if any(len(line) > self.longest for line in lines):
            raise StopValidation(f"Use at most {self.longest} characters a line.")

    def _value(self) -> str:
        if self.errors and self.raw_data:
            return texts.clean(text(self.raw_data[0]))  # as it was typed: the sentence may name a line
        return "\n".join(str(line) for line in self.data or [])


class AddressesField(LinesField):
    """Web addresses, one a line, with the scheme that people leave out."""

    def __init__(self, label: str, most: int = 5, longest: int = 255, **kwargs: Any) -> None:
        super().__init__(label, most, longest, **kwargs)

    def process_formdata(self, valuelist: list[Any]) -> None:
        """As lines, each made a whole address."""
        super().process_formdata(valuelist)
        self.data = [line if "://" in line else f"https://{line}" for line in self.data]

    def pre_validate(self, form: Any) -> None:
        """Only addresses of the web: what is shown as a link must not run anything."""
        super().pre_validate(form)
        for line in self.data or []:
            if not is_web_address(line):
                raise StopValidation(f"“{line}” is no web address. It looks like https://example.com.")


def is_web_address(value: str) -> bool:
    """Whether `value` is a whole address of the web, such as https://example.com/about."""
    try:
        parts = urlsplit(value)
        host = parts.hostname or ""
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and "." in host and " " not in value


def text(value: Any) -> str:
    """What was typed, as it is; a file sent in place of text is nothing."""
    return value if isinstance(value, str) else ""


def one_line(value: Any) -> str:
    """Text on one line, see domain/base/text.py."""
    return texts.one_line(text(value))


def paragraphs(value: Any) -> str:
    """Text on several lines as it was typed, without empty lines around it."""
    return texts.paragraphs(text(value))


def markdown(value: Any) -> str:
    """Markdown as it was typed: every blank counts in it."""
    return texts.markdown(text(value))

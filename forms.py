"""What all forms share: text is cleaned before it is checked, and a refusal lands beside its field."""

import unicodedata
from typing import IO, Any
from urllib.parse import urlsplit

from flask import Request, request
from flask_wtf import FlaskForm
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser
from werkzeug.wsgi import LimitedStream

from domain import Refused

KEPT_JOINERS = "\u200c\u200d"  # Persian and Indic words, and family emoji, are spelt with these


class BoundedParser(FormDataParser):
    """Reads no more of a form without files than MAX_FORM_MEMORY_SIZE: 413 for a longer one.

    Werkzeug holds only multipart forms to it, and takes seconds and a gigabyte for 16 MB of ampersands.
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


class Form(FlaskForm):
    """A form that knows how to take a refusal of the domain."""

    class Meta(FlaskForm.Meta):
        """What is read as a form."""

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """Leave JSON alone: read as a form, a list of it would break the page."""
            return None if request.is_json else super().wrap_formdata(form, formdata)

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


def text(value: Any) -> str:
    """What was typed, as it is; a file sent in place of text is nothing."""
    return value if isinstance(value, str) else ""


def one_line(value: Any) -> str:
    """Text on one line: no control or direction characters, single spaces, composed accents."""
    words = unicodedata.normalize("NFC", text(value)).split()
    return " ".join("".join(c for c in word if _is_visible(c)) for word in words).strip()


def paragraphs(value: Any) -> str:
    """Text on several lines, without control characters."""
    lines = unicodedata.normalize("NFC", text(value)).splitlines()
    return "\n".join("".join(c for c in line if _is_visible(c)).rstrip() for line in lines).strip()


def _is_visible(character: str) -> bool:
    return character in KEPT_JOINERS or unicodedata.category(character) not in ("Cc", "Cf", "Cs", "Cn")

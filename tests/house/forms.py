"""The forms of a page, filled in as a person would fill them in, and the addresses it leads to."""

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin

from PIL import Image
from werkzeug.datastructures import MultiDict

from tests.cast import PASSWORD

LOCAL = "http://localhost"
VTT = b"WEBVTT\n\n00:00:01.000 --> 00:00:03.000\nWelcome back\n"
# What is typed into a field of this name; every other text field keeps what it came with, or gets WORDS.
WORDS = "Some plain words that say enough."
TYPED = {
    "bio": "Writes code by day.",
    "body": "A *new* text.\n\n```python\nprint(1)\n```",
    "chapters": "0:00 Start\n1:00 Middle",
    "contact_email": "desk@example.com",
    "course": "reading-code",
    "current": PASSWORD,
    "description": "A **longer** description of what this is about.",
    "email": "somebody.new@example.com",
    "expertise": "Flask\nSQL",
    "expires_on": "2027-05-01",
    "external_video_url": "",
    "fresh_proof": PASSWORD,
    "github": "octo-cat",
    "held_words": "casino",
    "label": "Deutsch",
    "language": "de",
    "length": "12:30",
    "linkedin": "some-body",
    "links": "https://example.com/work",
    "meta_title": "Flask for everyone",
    "objectives": "Route requests\nStore data\nTest it",
    "password": "another good password",
    "primary_color": "#7c2d12",
    "sale_ends": "2026-12-24T18:00",
    "sale_price": "15",
    "sample": "https://example.com/sample",
    "slug": "",
    "social": "Mastodon https://example.com/@lectern",
    "tags": "Python, Web",
    "title": "A better title",
    "url": "https://example.com/notes",
    "vtt": VTT.decode(),
    "website": "https://example.com",
    "years_experience": "7",
}
KNOWN = {
    "/confirm-email": {"password": PASSWORD},
    "/verify-email": {"password": PASSWORD},
    "/login": {"email": "bo@example.com", "password": PASSWORD},
    "/forgot-password": {"email": "bo@example.com"},
    "/studio/courses/new": {"title": "Brand new course"},
    "/studio/bundles/new": {"title": "Brand new bundle"},
}
CHOICES = ("radio", "checkbox")
Pairs = list[tuple[str, str]]


@dataclass
class Form:
    """A POST form: what it would send as it stands, its empty choices, and the buttons that say more."""

    action: str
    swaps: bool
    fields: Pairs = field(default_factory=list)
    typed: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: Pairs = field(default_factory=list)

    def filled(self) -> Iterator["MultiDict[str, object]"]:
        """Answer what is sent, once for each button with a name; without the token."""
        known = next((words for start, words in KNOWN.items() if self.action.startswith(start)), {})
        pairs: list[tuple[str, object]] = []
        for name, value in self.fields:
            if name in self.typed:
                value = known.get(name) or (TYPED.get(name, value or WORDS) if name != "slug" else value)
            pairs.append((name, value))
        present = {name for name, _ in pairs}
        pairs += [(name, values[-1]) for name, values in self.choices.items() if name not in present]
        for button in self.buttons or [None]:
            sent = MultiDict([*pairs, *([button] if button else [])])
            for name in self.files:
                sent.add(name, file_for(name, self.action, dict(self.fields).get("purpose", "")))
            sent.poplist("csrf_token")
            yield sent


def file_for(name: str, action: str, purpose: str = "") -> tuple[bytes, str]:
    """Answer the file that is chosen in a field: what `purpose` or the address asks for, else a drawing."""
    made = io.BytesIO()
    if "captions" in action:
        return VTT, "captions.vtt"
    if purpose in ("lesson_media", "preview_film"):
        return b"\0\0\0\x18ftypmp42 and nothing that can be played", "film.mp4"
    if purpose in ("code_archive", "course_import"):
        with zipfile.ZipFile(made, "w") as archive:
            archive.writestr(zipfile.ZipInfo("course.toml"), 'title = "Brought along"\n')
            archive.writestr(zipfile.ZipInfo("main.py"), "print(1)\n")
        return made.getvalue(), "course.zip"
    if purpose == "resource":
        return b"%PDF-1.4\n%%EOF\n", "notes.pdf"
    Image.new("RGB", (1280, 720), "navy").save(made, "PNG")
    return made.getvalue(), f"{name}.png"


class Page(HTMLParser):
    """What a page offers: `forms` that post, and `links` to addresses of this site."""

    def __init__(self, address: str, html: str) -> None:
        super().__init__()
        self.address = address
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.token = ""
        self._form: Form | None = None
        self._text: str | None = None
        self._select: str | None = None
        self._several = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a form, a control of it, or a link."""
        values = {name: value or "" for name, value in attrs}
        for name in ("href", "src", "hx-get", "poster"):
            self._note(values.get(name, ""))
        if tag == "form":
            self._form = None
            if values.get("method", "get").lower() == "post":
                self._form = Form(values.get("action") or self.address, "hx-post" in values)
                self.forms.append(self._form)
            return
        name, value = values.get("name", ""), values.get("value", "")
        if name == "csrf_token" and value:
            self.token = value
        if self._form is None or "disabled" in values:
            return
        if tag == "option" and self._select and self._several:
            if "selected" in values:
                self._form.fields.append((self._select, value))
        elif tag == "option" and self._select:
            known = dict(self._form.fields).get(self._select)
            if ("selected" in values and value) or not known:
                self._form.fields = [pair for pair in self._form.fields if pair[0] != self._select]
                self._form.fields.append((self._select, value))
        elif name:
            self._control(
                tag, values.get("type", "submit" if tag == "button" else "text"), name, value, values
            )

    def _control(self, tag: str, kind: str, name: str, value: str, values: dict[str, str]) -> None:
        form = self._form
        assert form is not None
        if tag == "select":
            self._select, self._several = name, "multiple" in values
        elif tag == "textarea":
            form.fields.append((name, ""))
            form.typed.append(name)
            self._text = ""
        elif kind == "submit":
            form.buttons.append((name, value))
        elif kind == "file":
            form.files.append(name)
        elif kind in CHOICES:
            if "checked" in values:
                form.fields.append((name, value or "on"))
            form.choices.setdefault(name, []).append(value or "on")
        else:
            form.fields.append((name, value))
            if kind not in ("hidden", "number", "range"):
                form.typed.append(name)

    def handle_data(self, data: str) -> None:
        """Collect what stands in a textarea."""
        if self._text is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        """Close what was open."""
        if tag == "textarea" and self._form is not None and self._text is not None:
            self._form.fields[-1] = (self._form.fields[-1][0], re.sub(r"^\r?\n", "", self._text))
            self._text = None
        self._select = None if tag == "select" else self._select
        self._form = None if tag == "form" else self._form

    def _note(self, link: str) -> None:
        whole = urldefrag(urljoin(LOCAL + self.address, link))[0] if link else ""
        if re.match(rf"{LOCAL}(/|$)", whole):
            self.links.append(whole.removeprefix(LOCAL) or "/")

"""The forms of a page, as a browser would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any


@dataclass
class Sent:
    """A form: where it goes, what it would send by name, and the names of what a person sees filled in."""

    action: str
    method: str
    values: dict[str, Any] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    is_autosaved: bool = False

    def add(self, name: str | None, value: str, is_shown: bool) -> None:
        """Add a control with what it holds; several of one name are a list."""
        if not name:
            return
        before = self.values.get(name)
        many = [*before, value] if isinstance(before, list) else [before, value]
        self.values[name] = value if before is None else many
        if is_shown:
            self.shown.add(name)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Sent] = []
        self.form: Sent | None = None
        self.area: str | None = None
        self.text = ""
        self.options: list[tuple[str, bool]] | None = None
        self.select = ""
        self.is_multiple = self.is_hidden = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.form = Sent(given.get("action", ""), given.get("method", "get").lower())
            self.form.is_autosaved = "data-autosave" in given
            self.forms.append(self.form)
        elif self.form is None:
            return
        elif tag == "input":
            self._input(given)
        elif tag == "textarea":
            self.area, self.text = given.get("name", ""), ""
        elif tag == "select":
            self.select, self.options = given.get("name", ""), []
            self.is_multiple, self.is_hidden = "multiple" in given, "hidden" in given
        elif tag == "option" and self.options is not None:
            self.options.append((given.get("value", ""), "selected" in given))

    def _input(self, given: dict[str, str]) -> None:
        kind, value = given.get("type", "text"), given.get("value", "")
        if self.form is None or kind in ("submit", "button", "file"):
            return
        if kind in ("checkbox", "radio"):
            if "checked" in given:
                self.form.add(given.get("name"), given.get("value", "on"), True)
            return
        is_shown = kind != "hidden" and bool(value) and "readonly" not in given
        self.form.add(given.get("name"), value, is_shown)

    def handle_data(self, data: str) -> None:
        self.text += data if self.area is not None else ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.form = None
        elif tag == "textarea" and self.area is not None and self.form is not None:
            text = self.text.removeprefix("\r").removeprefix("\n")
            self.form.add(self.area, text, bool(text))
            self.area = None
        elif tag == "select" and self.options is not None and self.form is not None:
            chosen = [value for value, is_chosen in self.options if is_chosen]
            is_shown = bool(chosen and chosen[0]) and not self.is_hidden
            if not self.is_multiple:
                chosen = chosen[:1] or [value for value, _ in self.options[:1]] or [""]
            for value in chosen:
                self.form.add(self.select, value, is_shown)
            self.options = None


def forms_of(page: str) -> list[Sent]:
    """Read the forms of `page`."""
    reader = _Reader()
    reader.feed(page)
    return reader.forms

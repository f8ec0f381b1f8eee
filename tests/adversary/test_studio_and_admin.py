"""The studio and the desk, used by an adversary who may come in: every address, every form, any body."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from io import BytesIO
from typing import Any
from urllib.parse import urljoin

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import User
from tests.adversary.hostile import (
    ALL,
    DESKS,
    Deal,
    Questions,
    filled,
    rules,
    send,
    trouble,
)
from tests.adversary.test_forms import BODIES
from tests.cast import Cast

QUERY = (
    "q", "status", "newer", "older", "find", "tags", "course", "rating", "unanswered", "after", "period",
    "kind", "lesson", "state", "actor", "action", "subject", "from", "to", "color", "purpose",
    "page", "month", "offset", "before", "run", "nothing",
)  # fmt: skip
# What ends the visit, or the subject of all other forms, comes last or not at all.
ENDS = ("/role", "/suspend")
LAST = ("delete", "remove", "archive", "decide", "cancel")


@dataclass
class Sent:
    """A form as a browser would send it; a file field holds None."""

    action: str
    fields: dict[str, str | None] = field(default_factory=dict)


class Forms(HTMLParser):
    """The forms of a page that post more than a press of a button."""

    def __init__(self, address: str, html: str) -> None:
        super().__init__()
        self.address, self.found = address, list[Sent]()
        self._form: Sent | None = None
        self._select = self._text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the fields with what stands in them."""
        values = {name: value or "" for name, value in attrs}
        name, value = values.get("name", ""), values.get("value", "")
        if tag == "form" and values.get("method", "").lower() == "post":
            self._form = Sent(urljoin(self.address, values.get("action") or self.address))
        if self._form is None or name == "csrf_token":
            return
        fields = self._form.fields
        if tag == "option" and self._select and (not fields[self._select] or "selected" in values):
            fields[self._select] = value
        elif not name:
            return
        elif tag == "select":
            self._select, fields[name] = name, ""
        elif tag == "textarea":
            self._text, fields[name] = name, ""
        elif tag == "input" and values.get("type") in ("checkbox", "radio"):
            fields[name] = value if "checked" in values else fields.get(name, value)
        elif tag == "input":
            fields[name] = None if values.get("type") == "file" else value
        elif tag == "button":
            fields.setdefault(name, value)

    def handle_data(self, data: str) -> None:
        """What stands in a text area."""
        if self._text and self._form is not None:
            self._form.fields[self._text] = (self._form.fields[self._text] or "") + data

    def handle_endtag(self, tag: str) -> None:
        """A form with fields counts."""
        if tag == "form" and self._form is not None:
            self.found += [self._form] if self._form.fields else []
            self._form = None
        self._select = "" if tag == "select" else self._select
        self._text = "" if tag == "textarea" else self._text


@pytest.fixture(params=["ada", "mo"])
def name(request: pytest.FixtureRequest) -> str:
    """A creator, and an admin, who may come in everywhere."""
    return str(request.param)


@pytest.fixture
def insider(name: str, cast: Cast, signed_in: Callable[[User], FlaskClient]) -> FlaskClient:
    """Their browser."""
    return signed_in(getattr(cast, name))


def there(app: Flask, method: str) -> Iterator[Any]:
    return (rule for rule in rules(app, method) if rule.rule.startswith(DESKS))


def test_hostile_words_in_addresses(
    app: Flask, insider: FlaskClient, name: str, words: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    deal, questions, wrong = Deal(), Questions(app, QUERY, monkeypatch), {}
    for rule in there(app, "GET"):
        is_at_home = rule.rule.startswith("/admin") == (name == "mo")
        for address in filled(rule, words):
            wrong |= questions.trouble(insider, address, is_at_home)
        for word in deal.words(rule, is_at_home):
            for address in filled(rule, words, word):
                if said := trouble(send(insider, "GET", address)):
                    wrong[address[:150], ""] = said
    assert wrong == {}


def test_hostile_text_in_every_field_of_every_form(
    app: Flask, insider: FlaskClient, name: str, words: dict[str, str]
) -> None:
    forms: dict[tuple[str, ...], Sent] = {}
    for rule in there(app, "GET"):
        for address in filled(rule, words):
            page = insider.get(address)
            if page.mimetype == "text/html" and page.status_code == 200:
                found = Forms(address, page.text).found
                forms |= {(form.action, *sorted(form.fields)): form for form in found}
    kept = [form for form in forms.values() if not form.action.endswith(ENDS)]
    kept.sort(key=lambda form: any(word in form.action for word in LAST))
    assert sum(len(form.fields) for form in kept) > 60, "the forms are found"
    wrong, deal = {}, Deal()
    for form in kept:
        is_at_home = form.action.startswith("/admin") == (name == "mo")
        for field_name in form.fields:
            for text in deal.texts() if is_at_home else deal.some(ALL, 1):
                answer = insider.post(form.action, data=poisoned(form, field_name, text))
                if (said := trouble(answer)) is not None:
                    wrong[form.action, field_name, text[:60]] = said
    assert wrong == {}


def poisoned(form: Sent, name: str, text: str) -> dict[str, Any]:
    """What the form sends, with `text` in one field: as its content, or as a file's name."""
    data: dict[str, Any] = {
        field: value if value is not None else (BytesIO(b"x"), "a.png")
        for field, value in form.fields.items()
    }
    data[name] = text if form.fields[name] is not None else (BytesIO(b"<svg onload=alert(1)>"), text or "x")
    return data


def test_bodies_of_the_wrong_kind(app: Flask, insider: FlaskClient, name: str, words: dict[str, str]) -> None:
    deal = Deal(begin={"ada": 0, "mo": len(BODIES) // 2}[name])
    wrong = {
        (rule.rule, kind, body[:30]): said
        for method in ("POST", "PUT")
        for rule in sorted(there(app, method), key=lambda rule: any(word in rule.rule for word in LAST))
        for address in filled(rule, words)
        for kind, body in deal.some(BODIES)
        if (said := trouble(send(insider, method, address, data=body, content_type=kind)))
    }
    assert wrong == {}

"""What every page owes: it changes nothing, is kept apart from others', is whole, and its links lead on."""

import re
from collections import Counter, deque
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from urllib.parse import urldefrag, urljoin, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.engine import Engine

from models import User
from tests.adversary.hostile import filled, good_words, rules
from tests.cast import PASSWORD, Cast
from tests.house.stage import fill

VISITORS = ("out", "una", "bo", "ada", "mo")
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://localhost/courses"}
VOID = ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
MOST_PAGES = 120
WRITES = re.compile(
    r"\bINSERT\s+INTO\b|\bUPDATE\s+\S+\s+SET\b|\bDELETE\s+FROM\b|^\s*(CREATE|DROP|ALTER|TRUNCATE|REPLACE)\b",
    re.IGNORECASE,
)


class Page(HTMLParser):
    """What the tests look for in a page's HTML."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.unsafe_forms: list[str] = []
        self.lang = self.title = ""
        self._open: list[str] = []
        self._form: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the element; what is in a <template> is no part of the page yet."""
        values = {name: value or "" for name, value in attrs}
        if tag not in VOID:
            self._open.append(tag)
        if "template" in self._open[:-1] or "svg" in self._open[:-1]:
            return
        self.tags[tag] += 1
        self.lang = values.get("lang", "") if tag == "html" else self.lang
        if "id" in values:
            self.ids[values["id"]] += 1
        self.links += [values[name] for name in ("href", "src", "hx-get", "poster") if values.get(name)]
        if tag == "form":
            posts = values.get("method", "get").lower() == "post"
            self._form = values.get("action", "here") if posts else None
            if not posts and values.get("action"):
                self.links.append(values["action"])
        if tag == "input" and values.get("name") == "csrf_token" and values.get("value"):
            self._form = None

    def handle_endtag(self, tag: str) -> None:
        """A form that posts and closes without a token is one that anyone could have sent."""
        while tag in self._open and self._open.pop() != tag:
            pass
        if tag == "form" and self._form is not None:
            self.unsafe_forms.append(self._form)
            self._form = None

    def handle_data(self, data: str) -> None:
        """The title's text."""
        if self._open and self._open[-1] == "title" and "svg" not in self._open:
            self.title += data


@pytest.fixture
def browsers(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]
) -> Callable[[str], FlaskClient]:
    """A browser for each of VISITORS, by name."""
    return lambda name: app.test_client() if name == "out" else signed_in(getattr(cast, name))


@pytest.fixture
def addresses(app: Flask, cast: Cast) -> list[str]:
    """One address for every route that is read, and some that lead nowhere."""
    words = good_words(fill(app, cast))
    more = ["/courses?q=flask", "/courses?q=zzzz", "/courses?page=9", "/courses/secret-draft", "/nowhere"]
    more += ["/learn/flask-first-steps/forms-on-film", "/learn/flask-first-steps/hello-flask"]
    more += ["/verify-email/forged", "/checkout/success?session_id=cs_test_cast", "/courses/reading-code"]
    return [address for rule in rules(app, "GET") for address in filled(rule, words)] + more


@pytest.fixture
def written() -> Iterator[list[str]]:
    """The statements that change anything, as they are sent."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if WRITES.search(statement):
            found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield found
    event.remove(Engine, "before_cursor_execute", note)


@pytest.mark.parametrize("name", VISITORS)
def test_no_get_changes_anything(
    browsers: Callable[[str], FlaskClient], addresses: list[str], name: str, written: list[str]
) -> None:
    visitor = browsers(name)
    written.clear()
    found = {}
    for address in addresses:
        for headers in ({}, HTMX):
            visitor.get(address, headers=headers).close()
            if written:
                found[address] = written.copy()
                written.clear()
    assert found == {}


def test_what_others_may_keep_carries_no_cookie_and_nothing_personal(
    app: Flask, cast: Cast, browsers: Callable[[str], FlaskClient], addresses: list[str]
) -> None:
    remembered = app.test_client()
    remembered.post("/login", data={"email": "bo@example.com", "password": PASSWORD, "remember": "y"})
    remembered.delete_cookie("lectern")
    stranger, bo = browsers("out"), browsers("bo")
    for address in addresses:
        for visitor in (stranger, remembered, bo):
            answer = visitor.get(address)
            policy = answer.cache_control
            if policy.public:
                assert answer.headers.getlist("Set-Cookie") == [], address
                assert "Bo" not in answer.text.split(), address
            if answer.mimetype == "text/html" and not address.startswith("/dev/mail/"):
                assert not policy.public, address
                assert policy.private or policy.no_store, address
                assert "HX-Request" in answer.headers.get("Vary", "") or answer.status_code != 200, address
            if visitor is stranger and answer.headers.get("ETag"):
                assert answer.headers.getlist("Set-Cookie") == [], address
            remembered.delete_cookie("lectern")
    assert bo.get("/").headers.get("ETag") is None


@pytest.mark.parametrize("name", VISITORS)
def test_every_page_is_whole(
    app: Flask, browsers: Callable[[str], FlaskClient], addresses: list[str], name: str
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    visitor = browsers(name)
    found = {}
    for address in addresses:
        answer = visitor.get(address)
        is_letter = address.endswith("/body.html") or "/dev/mail/" in address
        is_page = answer.mimetype == "text/html" and not answer.location and not is_letter
        if is_page and (wrong := missing(Page(answer.text))):
            found[address] = wrong
    assert found == {}


def missing(page: Page) -> list[str]:
    """What a page lacks, or has twice."""
    wrong = [f"{page.tags[tag]} <{tag}>" for tag in ("h1", "main", "title", "html") if page.tags[tag] != 1]
    wrong += [f"id {name} {count} times" for name, count in page.ids.items() if count > 1]
    wrong += [f"a form without a token to {action}" for action in page.unsafe_forms]
    if not page.title.strip():
        wrong.append("no title")
    if page.lang != "en":
        wrong.append("no language")
    inner = {urldefrag(link)[1] for link in page.links if link.startswith("#") and len(link) > 1}
    return wrong + [f"a link to #{name}, which isn't there" for name in inner - set(page.ids)]


@pytest.mark.parametrize("name", ["out", "bo", "ada", "mo"])
def test_every_link_leads_somewhere(
    app: Flask, cast: Cast, browsers: Callable[[str], FlaskClient], name: str
) -> None:
    fill(app, cast)
    visitor = browsers(name)
    waiting, seen, dead, shapes = deque([("/", "the start")]), {"/"}, {}, Counter[str]()
    while waiting and len(seen) - len(waiting) < MOST_PAGES:
        address, origin = waiting.popleft()
        answer = visitor.get(address)
        if answer.status_code in (404, 405, 410) or answer.status_code >= 500:
            dead[address] = f"{answer.status_code} from {origin}"
        links = Page(answer.text).links if answer.mimetype == "text/html" else []
        for link in [*links, *([answer.location] if answer.location else [])]:
            target = urldefrag(urljoin(f"http://localhost{address}", link))[0]
            parts = urlsplit(target)
            path = target.removeprefix("http://localhost") or "/"
            if parts.netloc != "localhost" or path in seen or path.startswith("/dev/"):
                continue
            shapes[parts.path] += 1
            if shapes[parts.path] <= 4:
                seen.add(path)
                waiting.append((path, address))
    assert dead == {}
    assert len(seen) > 20

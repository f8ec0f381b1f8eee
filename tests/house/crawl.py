"""Every page asked for once by every person of the cast; what the tests of pages look at."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.datastructures import ResponseCacheControl
from werkzeug.test import TestResponse

from domain.people import sessions
from models import User, db
from tests import cast as cast_module
from tests.adversary.hostile import filled, good_words, rules
from tests.cast import PASSWORD
from tests.fixtures import Databases
from tests.house.markup import Page
from tests.house.stage import fill
from tests.house.test_walk import READING, lines

SWAP = {
    "HX-Request": "true", "HX-Request-Type": "partial", "HX-Current-URL": "http://localhost/courses",
}  # fmt: skip
# Beside one address for every route.
MORE = (
    "/courses?q=flask", "/courses?q=zzzz", "/courses?page=9", "/courses/secret-draft", "/nowhere",
    "/learn/flask-first-steps/forms-on-film", "/learn/flask-first-steps/hello-flask", "/verify-email/forged",
    "/checkout/success?session_id=cs_test_cast", "/courses/reading-code",
)  # fmt: skip
# Bo again, known by the cookie that outlives the session.
REMEMBERED = "remembered"
WRITES = re.compile(
    r"\bINSERT\s+INTO\b|\bUPDATE\s+\S+\s+SET\b|\bDELETE\s+FROM\b|^\s*(CREATE|DROP|ALTER|TRUNCATE|REPLACE)\b",
    re.IGNORECASE,
)
# Whose answers are kept word for word.
TEXTUAL = re.compile(r"text/|application/(json|xml)$|[^/]+/[^/]+\+xml$")
# The tokens of a form and of a page, which differ each time; but for them many pages are the same.
TOKEN = re.compile(r'(?<=name="csrf_token" value=")[^"]+|(?<=X-CSRFToken)[^}]+')


@dataclass(frozen=True)
class Answer:
    """What one person was told at one address. `written`: the statements that changed something meanwhile."""

    address: str
    status: int
    mimetype: str
    location: str | None
    cookies: tuple[str, ...]
    etag: str | None
    vary: str
    cache: ResponseCacheControl
    text: str
    written: tuple[str, ...]

    @property
    def is_page(self) -> bool:
        """Whether it is a page of the site, or a letter."""
        return self.mimetype == "text/html" and not self.location

    @property
    def is_letter(self) -> bool:
        """Whether it is a letter, which is no page of the site."""
        return self.address.endswith("/body.html") or "/dev/mail/" in self.address

    @cached_property
    def page(self) -> Page:
        """The page as a parser sees it."""
        return _read(TOKEN.sub("token", self.text))


@lru_cache(2000)
def _read(text: str) -> Page:
    """Parse a page, or give the same one again."""
    return Page(text)


class Crawl:
    """Asks as any person, for each address once, in a database that nothing else may change."""

    def __init__(self, app: Flask, databases: Databases) -> None:
        databases.copy(app)
        for key in [key for key in app.extensions if key.startswith("lectern_cache")]:
            del app.extensions[key]
        self.app = app
        with app.app_context():
            self.cast = cast_module.load()
        self.words = fill(app, self.cast)
        self.browsers: dict[str, FlaskClient] = {}
        self.answers: dict[tuple[str, str, bool], Answer] = {}
        self.table = {address: address.format(**self.words) for address, _ in lines(READING)}
        words = good_words(self.words)
        routes = [address for rule in rules(app, "GET") for address in filled(rule, words)]
        # What leads to one page under several names is asked for once; /logout comes last in the table.
        self.addresses = list(dict.fromkeys([*self.table.values(), *routes, *MORE]))

    def ask(self, person: str, address: str, swap: bool = False) -> Answer:
        """Answer what `person` is told at `address`, as a page or as what htmx swaps in."""
        key = (person, address, swap)
        if key not in self.answers:
            self.answers[key] = self._ask(person, address, SWAP if swap else {})
        return self.answers[key]

    def pages(self, person: str) -> list[Answer]:
        """Give all pages that `person` gets to see, error pages and letters too."""
        return [answer for a in self.addresses if (answer := self.ask(person, a)).is_page]

    def _ask(self, person: str, address: str, headers: dict[str, str]) -> Answer:
        browser = self._browser(person)
        written: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            if WRITES.search(statement):
                written.append(statement)

        event.listen(Engine, "before_cursor_execute", note)
        try:
            got: TestResponse = browser.get(address, headers=headers)
        finally:
            event.remove(Engine, "before_cursor_execute", note)
        if person == REMEMBERED:
            browser.delete_cookie("lectern")
        return Answer(
            address, got.status_code, got.mimetype, got.location, tuple(got.headers.getlist("Set-Cookie")),
            got.headers.get("ETag"), got.headers.get("Vary", ""), got.cache_control,
            got.text if TEXTUAL.match(got.mimetype) else "", tuple(written),
        )  # fmt: skip

    def _browser(self, person: str) -> FlaskClient:
        """Give the browser of a person, signed in when it is first used."""
        if person not in self.browsers:
            self.browsers[person] = client = self.app.test_client()
            if person == REMEMBERED:
                form = {"email": "bo@example.com", "password": PASSWORD, "remember": "y"}
                self._without_tokens(lambda: client.post("/login", data=form))
                client.delete_cookie("lectern")
            elif person != "out":
                with self.app.app_context():
                    row = db.session.get_one(User, getattr(self.cast, person).id)
                    sessions.start(row, "pytest", "127.0.0.1")
                    token = row.session_token
                    db.session.commit()
                with client.session_transaction() as session:
                    session["_user_id"], session["_fresh"] = token, True
        return self.browsers[person]

    def _without_tokens(self, send: Callable[[], TestResponse]) -> None:
        self.app.config["WTF_CSRF_ENABLED"] = False
        assert send().status_code == 303
        self.app.config["WTF_CSRF_ENABLED"] = True

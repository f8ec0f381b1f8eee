"""What an adversary types: values that break careless code, and the addresses to try them on."""

from collections import Counter
from collections.abc import Iterator
from functools import cached_property
from typing import Any
from urllib.parse import quote, unquote_to_bytes, urlencode, urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.routing import IntegerConverter, Rule, UUIDConverter
from werkzeug.test import TestResponse

from tests import effort
from tests.conftest import ON_POSTGRESQL
from tests.house.stage import NOBODYS_ID

LONG = "a" * 10_000
HUGE = "é" * 1_000_000
SCRIPT = "<script>alert(1)</script>"
BREAKOUT = "\"'><img src=x onerror=alert(1)>"

TEXTS = (
    "",
    " ",
    "\x00",
    "a\x00b",
    "a\r\nSet-Cookie: evil=1",
    "\u202egnp.exe",
    "\u200b\ufeff",
    "\U0001f4a3" * 50,
    "a\u0301" * 50,
    "\ufffd\uffff",
    LONG,
    "-1",
    "0",
    "1e999",
    "NaN",
    "Infinity",
    "-0.0",
    "9" * 30,
    "1" + "0" * 5000,
    "000000001" + "9" * 5000,
    "０１",
    "²",
    "0x10",
    "1_000",
    "true",
    "null",
    "[]",
    '{"$ne": null}',
    NOBODYS_ID,
    "01890000-0000-7000-8000",
    "{01890000000070008000000000000000}",
    '"',
    "*",
    "NEAR(",
    'c++ "',
    "AND",
    "a OR NOT b",
    "title:x",
    "%",
    "_",
    "'; DROP TABLE users; --",
    "\\",
    SCRIPT,
    BREAKOUT,
    "{{7*7}}",
    "{% raw %}",
    "${7*7}",
    "..",
    "../../etc/passwd",
    "%2e%2e",
    "//evil.example",
    "/\\evil.example",
    "https://evil.example/",
    "javascript:alert(1)",
    "\t//evil.example",
    "ada@example.com\nBcc: cy@example.com",
)
# As they stand on the wire: what no well-meaning browser would send.
BYTES = (
    "%00", "%ED%A0%80", "%FF%FE", "%C0%AF", "%", "%zz", "%u0041", "%F0%28%8C%28", "%25%30%30", "a" * 60_000,
)  # fmt: skip

# What breaks where a field forgot to clean what comes; every field and every question gets these.
NUL, TOO_MANY_DIGITS = "a\x00b", "9" * 30
WORST = (NUL, TOO_MANY_DIGITS, BREAKOUT)
WORST_BYTES = ("%00", "%ED%A0%80")
# What PostgreSQL takes otherwise than SQLite: NUL, numbers, patterns, and the language of its search.
APART = (
    "", "\x00", NUL, "\ufffd\uffff", LONG, TOO_MANY_DIGITS, "1" + "0" * 5000, "000000001" + "9" * 5000,
    "1e999", "NaN", "\u00b2", "\uff10\uff11", NOBODYS_ID, "01890000-0000-7000-8000", '"', "*", "NEAR(",
    'c++ "', "AND", "a OR NOT b", "%", "_", "\\", "'; DROP TABLE users; --",
)  # fmt: skip
# Each search and each kind of field or place gets all of these once; the rest gets some, dealt by a Deal.
ALL = APART if ON_POSTGRESQL and not effort.LONG else TEXTS
ALL_BYTES = WORST_BYTES if ON_POSTGRESQL and not effort.LONG else BYTES

# Where test_studio_and_admin goes, as somebody who may come in.
DESKS = ("/studio", "/admin", "/teach", "/wishlist", "/notifications")

SENSIBLE = {
    200, 204, 206, 301, 302, 303, 304, 308, 400, 401, 403, 404, 405, 409, 410, 412, 413, 414, 416, 422, 429,
}  # fmt: skip


class Deal:
    """Deal the texts round: to each field the worst and `each` other, until all have come up, and again.

    Whatever is dealt from has a turn of its own, which starts at `begin`. The order is the same in every run.
    With TEST_LONG every field gets all.
    """

    def __init__(self, each: int = 1, begin: int = 0) -> None:
        self.each, self.begin = effort.times(each, len(ALL)), begin
        self.turns = Counter[tuple[Any, ...]]()
        self.places = set[str]()

    def texts(self) -> tuple[str, ...]:
        """Give the texts for one field."""
        return (*WORST, *self.some(ALL))

    def words(self, rule: Rule, at_home: bool = True) -> list[str]:
        """Give the words for the places of an address, as they stand on the wire.

        All of them where a place is new that takes any word; some to those who may not come in.
        """
        words = [*map(quote, ALL), *ALL_BYTES]
        wide = wide_places(rule) if at_home else set()
        new = wide if effort.LONG else wide - self.places
        self.places |= wide
        return words if new else self.some(tuple(words))

    def some(self, of: tuple[Any, ...], most: int = 99) -> list[Any]:
        """Give the next of these, without the worst."""
        each = min(self.each, len(of), len(of) if effort.LONG else most)
        begin = self.begin + self.turns[of]
        self.turns[of] += each
        return [of[n % len(of)] for n in range(begin, begin + each)]


# By these names something is searched, in a way of its own each.
SEARCHES = {"q", "find", "tags", "actor", "action", "subject", "everything"}


class Questions:
    """Asks with hostile words in the query: a search gets all once in each area, what reads it some."""

    def __init__(self, app: Flask, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
        self.names, self.deal, self.many = names, Deal(), Deal(3)
        self.searched = set[tuple[str, str]]()
        self.read = read = set[str]()

        class Noted(ImmutableMultiDict[str, str]):
            """A query that says what was looked at in it."""

            def __getattribute__(self, name: str) -> Any:
                if name in ("items", "lists", "values", "to_dict", "keys"):
                    read.add("everything")
                return super().__getattribute__(name)

            def __getitem__(self, name: str) -> Any:
                read.add(name)
                return super().__getitem__(name)

            def __contains__(self, name: object) -> bool:
                read.add(str(name))
                return super().__contains__(name)

            def getlist(self, name: str, *more: Any) -> Any:
                read.add(name)
                return super().getlist(name, *more)

            def get(self, name: str, *more: Any, **options: Any) -> Any:
                read.add(name)
                return super().get(name, *more, **options)

        class Request(app.request_class):  # type: ignore[misc,name-defined]
            @cached_property
            def args(self) -> Noted:
                return Noted(list(super().args.items(multi=True)))

        monkeypatch.setattr(app, "request_class", Request)

    def trouble(
        self, visitor: FlaskClient, address: str, thoroughly: bool = True
    ) -> dict[tuple[str, str], str]:
        """Answer what goes wrong when `visitor` asks for `address`, by the query's beginning.

        Without `thoroughly` as if it read nothing: somebody else asks the same in earnest.
        """

        def said(query: str) -> str | None:
            return trouble(send(visitor, "GET", f"{address}?{query}"))

        self.read.clear()
        first = self._with(BREAKOUT)
        found = {first: said(first)}
        # Every page of a stranger looks where they came from.
        reads = self.read - {"utm_source", "utm_campaign"} if thoroughly else set()
        odd = [urlencode([("page", "2")] * 500), "&".join(f"{n}[]=1&{n}[a]=2" for n in self.names)]
        area = address.split("/")[1]
        searches = {(area, name) for name in reads & SEARCHES}
        if searches if effort.LONG else searches - self.searched:
            self.searched |= searches
            texts, words = list(ALL), list(ALL_BYTES)
        elif reads:
            texts = [*WORST, *self.many.some(ALL)]
            words = [*WORST_BYTES, *self.many.some(ALL_BYTES, 1)]
        else:
            texts, words, odd = self.deal.some(ALL, 1), self.deal.some(ALL_BYTES, 1), []
        for query in (*map(self._with, texts), *map(self._raw, words), *odd):
            found[query] = said(query)
        return {(address, query[:80]): wrong for query, wrong in found.items() if wrong}

    def _raw(self, word: str) -> str:
        return "&".join(f"{name}={word}" for name in self.names)

    def _with(self, text: str) -> str:
        return urlencode([(name, text) for name in self.names])


def rules(app: Flask, method: str) -> list[Rule]:
    """The routes that answer `method`, in the order of their addresses."""
    found = [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]
    return sorted(found, key=lambda rule: (rule.rule, rule.endpoint))


def wide_places(rule: Rule) -> set[str]:
    """The places of the address that may hold more than an id or a number."""
    strict = (UUIDConverter, IntegerConverter)
    return {name for name, converter in rule._converters.items() if not isinstance(converter, strict)}


def filled(rule: Rule, words: dict[str, str], poison: str | None = None) -> Iterator[str]:
    """The addresses of `rule`: one with good words, or one for each of its places with `poison` there."""
    places = sorted(rule.arguments)
    for poisoned in places if poison is not None else [None]:
        address = rule.rule
        for place in places:
            word = poison if place == poisoned and poison is not None else words[place]
            for converter in ("", "uuid:", "path:", "int:"):
                address = address.replace(f"<{converter}{place}>", word)
        yield address


def good_words(words: dict[str, str]) -> dict[str, str]:
    """A word that leads somewhere for every place that a route has."""
    return {
        "slug": "flask-first-steps",
        "category": "web",
        "course_slug": "flask-first-steps",
        "lesson_slug": "routes",
        "resource_id": words["file"],
        "device_id": words["bos_device"],
        "identity_id": words["bos_identity"],
        "message_id": words["message"],
        "asset_id": words["asset"],
        "language": "en",
        "picture_id": words["picture"],
        "upload_id": words["upload"],
        "part_number": "1",
        "which": "waiting",
        "name": "film.mp4",
        "review_id": words["review"],
        "product_id": words["wished"],
        "notification_id": words["told"],
        "course_id": words["course"],
        "bundle_id": words["bundle"],
        "module_id": words["module"],
        "transfer_id": words["nobody"],
        "held_id": words["nobody"],
        "lesson_id": words["filmed_lesson"],
        "other_id": words["nobody"],
        "item_id": words["item"],
        "number": "LN-TEST-0001",
        "user_id": words["person"],
        "grant_id": words["nobody"],
        "job_id": words["job"],
        "event_id": words["event"],
        "backup_id": words["backup"],
        "category_id": words["category"],
        "table": "days",
        "provider": "github",
        "token": words["media_token"],
        "purchase_id": words["gift"],
        "document": words["invoice"],
        "coupon_id": words["coupon"],
        "withdrawal_id": words["withdrawal"],
        "payout_id": words["payout"],
        "year": "2026",
        "dispute_id": words["dispute"],
        "finding_id": words["finding"],
        **words,
    }


def send(client: FlaskClient, method: str, raw_target: str, **more: object) -> TestResponse:
    """Ask for an address exactly as it is spelt; the test client would tidy it."""
    path, _, query = raw_target.partition("?")
    environ = {
        "PATH_INFO": unquoted(path),
        "QUERY_STRING": query,
        "RAW_URI": raw_target,
        "REQUEST_URI": raw_target,
    }
    return client.open("/", method=method, environ_overrides=environ, **more)  # type: ignore[arg-type]


def unquoted(path: str) -> str:
    """A path as WSGI hands it on: its bytes, each as the character of that number (PEP 3333)."""
    return unquote_to_bytes(path).decode("latin-1")


def trouble(response: TestResponse) -> str | None:
    """What is wrong with an answer, whatever was asked; None when nothing is."""
    unready = response.status_code == 503 and response.request.path == "/readyz"
    if response.status_code not in SENSIBLE and not unready:
        return f"status {response.status_code}"
    body = response.get_data()
    if b"Traceback (most recent call last)" in body or b"sqlalchemy" in body or b"werkzeug" in body:
        return "shows its inside"
    saved = response.mimetype == "text/csv" and response.headers["Content-Disposition"].startswith("attach")
    if not saved and (SCRIPT.encode() in body or b"<img src=x" in body):
        return "shows what was typed without escaping it"
    if urlsplit(response.location or "").netloc not in ("", "localhost"):
        return f"leads astray to {response.location!r}"
    if any(cookie.startswith("evil") for cookie in response.headers.getlist("Set-Cookie")):
        return "sets a cookie of somebody else's making"
    return None

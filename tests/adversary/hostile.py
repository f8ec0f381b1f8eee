"""What an adversary types: values that break careless code, and the addresses to try them on."""

from collections.abc import Iterator
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

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

# Where test_desks goes, as somebody who may come in.
DESKS = ("/studio", "/admin", "/teach", "/wishlist", "/notifications")

SENSIBLE = {
    200, 204, 206, 301, 302, 303, 304, 308, 400, 401, 403, 404, 405, 409, 410, 412, 413, 414, 416, 422, 429,
}  # fmt: skip


def rules(app: Flask, method: str) -> list[Rule]:
    """The routes that answer `method`, in the order of their addresses."""
    found = [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]
    return sorted(found, key=lambda rule: (rule.rule, rule.endpoint))


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
        "category_id": words["shelf"],
        "table": "days",
        "provider": "github",
        "token": words["media_token"],
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

"""Which responses are compressed, how, and which never are."""

import gzip
from collections.abc import Callable

import brotli
import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from domain.people import second_factor
from models import User, db
from tests.cast import Cast
from web import compression

SignedIn = Callable[[User], FlaskClient]
BOTH = {"Accept-Encoding": "gzip, deflate, br, zstd"}
OPENED = {"br": brotli.decompress, "gzip": gzip.decompress, None: bytes}


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("*", "br"),
        ("identity", None),
        ("br;q=0", None),
        ("", None),
        ("x" * 5000, None),
    ],
)
def test_the_browser_chooses(client: FlaskClient, accepted: str, coding: str | None) -> None:
    answer = client.get("/courses", headers={"Accept-Encoding": accepted})
    assert answer.headers.get("Content-Encoding") == coding
    assert b"</html>" in OPENED[coding](answer.data)
    assert "Accept-Encoding" in answer.headers["Vary"]
    assert "HX-Request" in answer.headers["Vary"]
    assert answer.content_length == len(answer.data)
    head = client.head("/courses", headers={"Accept-Encoding": accepted})
    assert (head.headers.get("Content-Encoding"), head.data) == (coding, b"")


@pytest.mark.parametrize(
    ("person", "address"),
    [
        ("out", "/"),
        ("out", "/login"),
        ("out", "/feed.xml"),
        ("out", "/nowhere"),
        ("bo", "/account"),
        ("bo", "/learn/flask-first-steps/routes"),
        ("ada", "/studio"),
        ("mo", "/admin"),
        ("mo", "/admin/users?q=bo"),
    ],
)
def test_pages_with_and_without_tokens_are_compressed(
    app: Flask, cast: Cast, signed_in: SignedIn, person: str, address: str
) -> None:
    browser = app.test_client() if person == "out" else signed_in(getattr(cast, person))
    whole, short = browser.get(address).data, browser.get(address, headers=BOTH)
    assert short.headers["Content-Encoding"] == "br"
    assert len(short.data) < len(whole) / 2
    linked = {"Sec-Fetch-Site": "cross-site"}
    asked = browser.get(address, headers=BOTH | linked)
    assert ("Content-Encoding" in asked.headers) == ("?" not in address), "its query was chosen elsewhere"
    own = browser.get(address, headers=BOTH | {"Sec-Fetch-Site": "same-origin"})
    assert "Content-Encoding" in own.headers


def test_secrets_are_not_compressed(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.bo)
    with app.app_context():
        second_factor.begin(db.session.get_one(User, cast.bo.id))
        db.session.commit()
    answer = browser.get("/account/security/second-factor", headers=BOTH)
    assert b"qr-key" in answer.data
    assert "no-transform" in answer.headers["Cache-Control"], "the server in front mustn’t compress it either"


def test_a_version_is_the_same_in_every_coding(client: FlaskClient) -> None:
    first = client.get("/courses", headers=BOTH)
    assert first.headers["ETag"].startswith('W/"')
    again = client.get("/courses", headers=BOTH | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert "Content-Encoding" not in again.headers
    assert "Accept-Encoding" in again.headers["Vary"]


@pytest.mark.parametrize(
    ("answer", "coding"),
    [
        (Response("a" * 2000), "br"),
        (Response("a" * 999), None),
        (Response("a" * 2000, mimetype="image/jpeg"), None),
        (Response("a" * 2000, mimetype="image/svg+xml"), None),
        (Response(iter(["a" * 2000])), None),
        (Response("a" * 2000, direct_passthrough=True), None),
        (Response("a" * 2000, 206), None),
        (Response("a" * 2000, headers={"Content-Encoding": "gzip"}), "gzip"),
        (Response("a" * 2000, headers={"Cache-Control": "no-transform"}), None),
        (Response("a" * 2000, headers={"ETag": '"strong"'}), "br"),
    ],
)
def test_what_is_compressed(whole_app: Flask, answer: Response, coding: str | None) -> None:
    with whole_app.test_request_context(headers=BOTH):
        sent = compression.compress(answer)
    assert sent.headers.get("Content-Encoding") == coding
    if "ETag" in sent.headers:
        assert sent.headers["ETag"] == 'W/"strong"'

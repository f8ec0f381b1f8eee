"""Requests that no browser makes: odd methods, forged cookies, absurd headers, bodies of the wrong kind."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import User
from tests.adversary.hostile import Deal, filled, rules, send, trouble
from tests.cast import PASSWORD, Cast

METHODS = ("HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "PROPFIND", "G\u00cbT")
HEADERS = (
    {"Host": "evil.example"},
    {"Host": "evil.example:99999"},
    {"Host": "[::1"},
    {"Host": "a b\\c"},
    {"Host": ""},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "gopher", "X-Forwarded-For": "<script>"},
    {"Range": "bytes=0-,0-,0-"},
    {"Range": "bytes=-0"},
    {"Range": "bytes=" + "9" * 5000 + "-"},
    {"Range": "lines=1-2"},
    {"If-Modified-Since": "yesterday"},
    {"If-Modified-Since": "Mon, 99 Foo 99999 99:99:99 GMT"},
    {"If-Unmodified-Since": "0"},
    {"If-None-Match": '"' * 5000},
    {"If-Match": "*"},
    {"If-Range": "W/"},
    {"HX-Request": "true", "HX-Current-URL": "http://[", "HX-Target": "\u00ff"},
    {"HX-Request": "true", "HX-Current-URL": "//evil.example?q=%ED%A0%80"},
    {"HX-Request": "true", "HX-Boosted": "x", "HX-Request-Type": "nonsense"},
    {"Accept": "*/*;q=NaN", "Accept-Language": "x" * 5000, "Accept-Encoding": "br;q=2, gzip;q=-1"},
    {"Accept-Encoding": "\u00e9;q=\u00e9"},
    {"User-Agent": "\u00ff\u00fe" * 2000},
    {"User-Agent": ""},
    {"Referer": "http://["},
    {"Authorization": "Basic %%%"},
    {"Authorization": "Bearer \u00ff"},
    {"Content-Type": "multipart/form-data"},
    {"Content-Type": "\u00ff/\u00ff; charset=utf-7"},
    {"Content-Length": "-1"},
    {"Content-Length": "many"},
    {"Stripe-Signature": "t=\u00b2,v1=\u00ff"},
)
COOKIES = (
    "lectern=",
    "lectern=x",
    "lectern=eyJfdXNlcl9pZCI6ImFkYSJ9.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb",
    "lectern=.eJwNyrEK",
    "lectern=\u00ff\u00fe",
    "lectern_device=",
    "lectern_device=|",
    "lectern_device=ada|" + "0" * 128,
    "lectern_device=ada|\u00e9",
    "lectern_device=\u00ff|\u00ff",
    'theme="><script>alert(1)</script>',
    "theme=dark; theme=light; lectern",
    "=; ;;; =x; \u00ff",
    "lectern=" + "a" * 20_000,
)


def test_no_method_breaks_a_route(app: Flask, client: FlaskClient, words: dict[str, str]) -> None:
    deal = Deal(2)
    found = {
        (method, rule.rule): wrong
        for rule in rules(app, "OPTIONS")
        for address in filled(rule, words)
        for method in deal.some(METHODS)
        if (wrong := trouble(send(client, method, address)))
    }
    assert found == {}


def test_head_says_what_get_says_without_a_body(
    app: Flask, client: FlaskClient, words: dict[str, str]
) -> None:
    for rule in rules(app, "GET"):
        address = next(filled(rule, words))
        head, get = send(client, "HEAD", address), send(client, "GET", address)
        assert (address, head.status_code, head.mimetype) == (address, get.status_code, get.mimetype)
        assert head.data == b""


@pytest.mark.parametrize(
    ("method", "address"), [("DELETE", "/courses"), ("POST", "/feed.xml"), ("GET", "/logout")]
)
def test_a_wrong_method_is_answered_in_the_sites_clothes(
    client: FlaskClient, method: str, address: str
) -> None:
    answer = client.open(address, method=method)
    assert answer.status_code == 405
    assert "<h1" in answer.text
    assert "site-header" in answer.text
    assert answer.headers["Allow"]
    assert "Error 405" in answer.text


@pytest.mark.parametrize("headers", HEADERS, ids=str)
def test_absurd_headers(
    client: FlaskClient, bo: FlaskClient, words: dict[str, str], headers: dict[str, str]
) -> None:
    film = f"/media/{words['media_token']}/{words['asset']}/film.mp4"
    pages = ("/", "/courses?q=flask", "/courses/flask-first-steps", "/login", "/robots.txt", film, "/nowhere")
    found = {page: wrong for page in pages if (wrong := trouble(client.get(page, headers=headers)))}
    own = ("/account", "/learn", "/learn/flask-first-steps/routes", "/orders")
    found |= {page: wrong for page in own if (wrong := trouble(bo.get(page, headers=headers)))}
    posts = ("/logout", "/verify-email/resend", "/login", "/checkout", "/stripe/webhook")
    found |= {page: wrong for page in posts if (wrong := trouble(bo.post(page, headers=headers)))}
    assert found == {}


@pytest.mark.parametrize("cookie", COOKIES, ids=lambda text: text[:30])
def test_tampered_cookies_are_nobodys(app: Flask, cookie: str) -> None:
    client = app.test_client(use_cookies=False)
    for page in ("/", "/login", "/nowhere", "/static/nothing"):
        answer = client.get(page, headers={"Cookie": cookie})
        assert trouble(answer) is None, page
    assert client.get("/account", headers={"Cookie": cookie}).status_code == 303


def test_a_forged_remember_cookie_signs_nobody_in(app: Flask, cast: Cast) -> None:
    client = app.test_client()
    client.post("/login", data={"email": "bo@example.com", "password": PASSWORD, "remember": "y"})
    cookie = client.get_cookie("lectern_device")
    assert cookie is not None
    token, _, digest = cookie.value.rpartition("|")
    thief = app.test_client(use_cookies=False)
    for value, status in (
        (cookie.value, 200),
        (f"{token}x|{digest}", 303),
        (f"{token}|{digest[:-1]}", 303),
        (f"{token}|{digest.upper()}", 303),
    ):
        assert thief.get("/account", headers={"Cookie": f"lectern_device={value}"}).status_code == status


def test_mail_never_names_the_host_that_was_asked_for(app: Flask, cast: Cast) -> None:
    from tests.auth.mails import sent

    evil = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    client = app.test_client()
    client.post("/forgot-password", data={"email": "bo@example.com"}, headers=evil)
    client.post(
        "/register", data={"name": "New", "email": "new@example.com", "password": PASSWORD}, headers=evil
    )
    letters = sent(app)
    assert {letter.template for letter in letters} == {"reset_password", "verify_email"}
    assert all(letter.data["url"].startswith("http://localhost/") for letter in letters)


@pytest.mark.parametrize("address", ["/courses/flask-first-steps/review", "/account/email", "/login"])
def test_a_form_of_a_hundred_thousand_fields_is_not_read(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient], address: str
) -> None:
    """To show them again, as a page that asks for something first does, would take minutes."""
    app.config["WTF_CSRF_ENABLED"] = True
    for browser in (app.test_client(), signed_in(cast.bo)):
        answer = browser.post(
            address, data="&".join(["a=bc"] * 100_000), headers={"Origin": "http://localhost"},
            content_type="application/x-www-form-urlencoded",
        )  # fmt: skip
        assert (answer.status_code, len(answer.data) < 20_000) == (413, True)

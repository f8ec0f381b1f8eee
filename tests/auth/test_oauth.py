"""Signing in with GitHub or Google, against a provider of our own."""

from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask import Flask
from flask.testing import FlaskClient
from joserfc.jwk import RSAKey
from werkzeug.test import TestResponse

from domain.base import clock
from domain.platform import held_posts
from models import OAuthAccount, User, db
from tests.auth.mails import SignIn, sent
from tests.auth.provider import Provider, offered
from tests.cast import PASSWORD, Cast

BOTH = pytest.mark.parametrize("name", ["github", "google"])


@pytest.fixture
def provider(app: Flask) -> Iterator[Provider]:
    """A provider that the application is set up with, under both names."""
    with offered(app) as running:
        yield running


def begin(client: FlaskClient, name: str, query: str = "") -> str:
    """Leave for the provider; gives the path that it sends the browser back to."""
    away = client.get(f"/oauth/{name}{query}")
    assert away.status_code == 302, away.text
    back = requests.get(away.location, allow_redirects=False, timeout=5).headers["Location"]
    return back.removeprefix("http://localhost")


def come_in(client: FlaskClient, name: str, query: str = "") -> TestResponse:
    return client.get(begin(client, name, query))


def is_in(client: FlaskClient) -> bool:
    return client.get("/account").status_code == 200


def person(app: Flask, email: str = "zoe@example.com") -> User | None:
    with app.app_context():
        return db.session.scalar(db.select(User).where(User.email == email))


def links(app: Flask) -> list[tuple[str, str]]:
    with app.app_context():
        return [(a.provider, a.subject) for a in db.session.scalars(db.select(OAuthAccount))]


def set_person(app: Flask, user: User, **values: object) -> None:
    with app.app_context():
        row = db.session.get_one(User, user.id)
        for name, value in values.items():
            setattr(row, name, value)
        db.session.commit()


@BOTH
def test_a_newcomer_gets_an_account_and_comes_back_to_it(
    app: Flask, client: FlaskClient, provider: Provider, name: str
) -> None:
    answer = come_in(client, name, "?next=/courses")
    assert (answer.status_code, answer.location) == (303, "/courses")
    assert is_in(client)
    made = person(app)
    assert (made.name, made.is_verified, made.password_hash) == ("Zoe", True, None)
    provider.person["email"] = "elsewhere@example.com"
    again = app.test_client()
    assert come_in(again, name).location == "/"
    assert is_in(again)
    assert links(app) == [(name, "4711" if name == "github" else "g-4711")]
    assert person(app, "elsewhere@example.com") is None


@BOTH
def test_what_is_sent_along(app: Flask, client: FlaskClient, provider: Provider, name: str) -> None:
    asked = parse_qs(urlsplit(client.get(f"/oauth/{name}").location).query)
    other = parse_qs(urlsplit(client.get(f"/oauth/{name}").location).query)
    assert asked["redirect_uri"] == [f"http://localhost/oauth/{name}/callback"]
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["state"] != other["state"]
    assert asked["code_challenge"] != other["code_challenge"]
    assert ("nonce" in asked) is (name == "google")
    assert (asked.get("nonce") != other.get("nonce")) is (name == "google")


@BOTH
def test_a_verified_address_opens_the_account_that_has_it(
    app: Flask, client: FlaskClient, provider: Provider, cast: Cast, name: str
) -> None:
    provider.person["email"] = "Bo@Example.com"
    provider.addresses[0]["email"] = "Bo@Example.com"
    come_in(client, name)
    assert "bo@example.com" in client.get("/account/email").text
    assert len(links(app)) == 1
    assert [m.recipient for m in sent(app, "provider_linked")] == ["bo@example.com"]
    login = app.test_client().post("/login", data={"email": "bo@example.com", "password": PASSWORD})
    assert login.status_code == 303, "the password still works"


@BOTH
def test_an_unverified_address_opens_and_makes_nothing(
    app: Flask, client: FlaskClient, provider: Provider, cast: Cast, name: str
) -> None:
    for email in ("bo@example.com", "zoe@example.com"):
        provider.person |= {"email": email, "email_verified": False}
        provider.addresses = [{"email": email, "primary": True, "verified": False}]
        answer = come_in(client, name)
        assert answer.status_code == 403
        assert "hasn’t verified" in answer.text
        assert not is_in(client)
    assert links(app) == []
    assert person(app) is None


def test_googles_word_must_be_a_clear_yes(app: Flask, client: FlaskClient, provider: Provider) -> None:
    for word in (None, "false", 0, "yes", ["true"]):
        provider.person["email_verified"] = word
        assert come_in(client, "google").status_code in (403, 502), word
    assert person(app) is None


def test_github_offers_another_verified_address(app: Flask, client: FlaskClient, provider: Provider) -> None:
    provider.addresses = [
        {"email": "first@example.com", "primary": True, "verified": False},
        {"email": "second@example.com", "primary": False, "verified": True},
    ]
    assert come_in(client, "github").status_code == 303
    assert person(app, "second@example.com") is not None
    assert person(app, "first@example.com") is None


@BOTH
def test_whoever_took_an_address_without_proof_loses_it(
    app: Flask, client: FlaskClient, provider: Provider, cast: Cast, signed_in: SignIn, name: str
) -> None:
    squatter = signed_in(cast.una)
    provider.person["email"] = "una@example.com"
    provider.addresses[0]["email"] = "una@example.com"
    assert come_in(client, name).status_code == 303
    assert is_in(client)
    assert not is_in(squatter)
    login = app.test_client().post("/login", data={"email": "una@example.com", "password": PASSWORD})
    assert login.status_code == 422
    assert person(app, "una@example.com").is_verified


@BOTH
def test_a_deleted_account_does_not_open(
    app: Flask, client: FlaskClient, provider: Provider, cast: Cast, name: str
) -> None:
    provider.person["email"] = "bo@example.com"
    provider.addresses[0]["email"] = "bo@example.com"
    linked = app.test_client()
    come_in(linked, name)
    set_person(app, cast.bo, deleted_at=clock.now())
    assert not is_in(linked)
    answer = come_in(client, name)
    assert answer.status_code == 403
    assert "was closed" in answer.text
    with app.app_context():
        db.session.execute(db.delete(OAuthAccount))
        db.session.commit()
    assert come_in(client, name).status_code == 403
    assert links(app) == []


@BOTH
def test_a_callback_of_another_browser_is_refused(
    app: Flask, client: FlaskClient, provider: Provider, name: str
) -> None:
    victim = app.test_client()
    path = begin(client, name)
    for attempt in (victim.get(path), victim.get(f"/oauth/{name}/callback")):
        assert attempt.status_code == 400
        assert "Start again" in attempt.text
    begin(victim, name)
    assert victim.get(path).status_code == 400
    assert not is_in(victim)
    assert client.get(path).status_code == 303
    assert client.get(path).status_code == 400, "a state works once"
    assert person(app) is not None


def test_a_state_of_one_provider_is_none_of_the_other(
    app: Flask, client: FlaskClient, provider: Provider
) -> None:
    path = begin(client, "github")
    assert client.get(path.replace("github", "google")).status_code == 400


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "somebody else"},
        {"iss": "https://evil.example"},
        {"exp": 1_000_000_000},
        {"sub": None},
    ],
)
def test_an_id_token_that_does_not_add_up_opens_nothing(
    app: Flask, client: FlaskClient, provider: Provider, claims: dict[str, object]
) -> None:
    provider.claims = claims
    assert come_in(client, "google").status_code == 502
    assert not is_in(client)
    assert person(app) is None


def test_an_id_token_signed_by_another_opens_nothing(
    app: Flask, client: FlaskClient, provider: Provider
) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": "one"})
    assert come_in(client, "google").status_code == 502
    assert person(app) is None


def test_a_stolen_code_is_worth_nothing_without_its_verifier(
    app: Flask, client: FlaskClient, provider: Provider
) -> None:
    stolen = parse_qs(urlsplit(begin(app.test_client(), "github")).query)["code"][0]
    mine = parse_qs(urlsplit(begin(client, "github")).query)["state"][0]
    assert client.get(f"/oauth/github/callback?code={stolen}&state={mine}").status_code == 502
    assert person(app) is None


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("github", "/login/oauth/access_token"),
        ("github", "/user"),
        ("github", "/user/emails"),
        ("google", "/token"),
        ("google", "/jwks"),
    ],
)
def test_a_provider_in_trouble_is_a_page_with_a_way_on(
    app: Flask, client: FlaskClient, provider: Provider, name: str, path: str
) -> None:
    provider.broken.add(path)
    answer = come_in(client, name)
    assert answer.status_code == 502
    assert "Sign in with your email" in answer.text
    provider.broken.clear()
    assert come_in(client, name).status_code == 303


def test_a_provider_that_is_away_is_a_page_with_a_way_on(
    app: Flask, client: FlaskClient, provider: Provider
) -> None:
    provider.broken.add("/.well-known/openid-configuration")
    assert client.get("/oauth/google").status_code == 502
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], google_issuer_url="http://127.0.0.1:1")
    app.extensions.pop("lectern_cache_oauth")
    assert client.get("/oauth/google").status_code == 502


@BOTH
def test_somebody_who_says_no_is_back_at_sign_in(client: FlaskClient, provider: Provider, name: str) -> None:
    begin(client, name)
    answer = client.get(f"/oauth/{name}/callback?error=access_denied&state=x")
    assert answer.location == "/login"
    assert "you didn’t allow" in client.get("/login").text


@BOTH
def test_odd_callbacks_are_refused(client: FlaskClient, provider: Provider, name: str) -> None:
    for query in (
        "?code=x",
        "?state=x",
        "?code=x&state=%00",
        "?error=server_error&state=x",
        "?state=" + "x" * 4000,
    ):
        assert client.get(f"/oauth/{name}/callback{query}").status_code in (400, 502), query


def test_only_what_is_configured_is_offered(app: Flask, client: FlaskClient, cast: Cast) -> None:
    for path in ("/oauth/github", "/oauth/google/callback", "/oauth/nonsense", "/oauth/nonsense/callback"):
        assert client.get(path).status_code == 404
    assert "Continue with" not in client.get("/login").text
    app.config["SETTINGS"] = replace(
        app.config["SETTINGS"], github_client_id="hub", github_client_secret="s", google_client_id="goo"
    )
    page = client.get("/register?next=/courses").text
    assert "Continue with GitHub" in page
    assert "/oauth/github?next=/courses" in page
    assert "Google" not in page


@BOTH
def test_nobody_is_led_away(app: Flask, client: FlaskClient, provider: Provider, name: str) -> None:
    assert come_in(client, name, "?next=//evil.example").location == "/"


def test_whoever_is_in_stays_who_they_are(
    app: Flask, provider: Provider, cast: Cast, signed_in: SignIn
) -> None:
    bo = signed_in(cast.bo)
    assert bo.get("/oauth/github?next=/courses").location == "/courses"


@BOTH
def test_whoever_comes_in_is_led_to_what_they_had_typed(
    app: Flask, client: FlaskClient, provider: Provider, name: str
) -> None:
    sent_before = held_posts.PostedForm("/teach", "/teach", [("headline", "Typed before")])
    with app.app_context():
        key = held_posts.keep("this browser", "", sent_before).id
        db.session.commit()
    client.set_cookie("lectern_held", "this browser")
    answer = come_in(client, name, "?next=/courses")
    assert answer.location == f"/held/{key}"
    assert "Typed before" in client.get(answer.location).text

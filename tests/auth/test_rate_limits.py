"""Whoever guesses is slowed down under every spelling, and can't keep the owner out."""

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock
from domain.people import accounts, rate_limits
from models import LoginAttempt, db
from tests.auth.mails import SignIn, link
from tests.cast import PASSWORD, Cast

BO = {"email": "bo@example.com", "password": PASSWORD}
SPELLINGS = (
    "bo@example.com", "BO@Example.COM", "bo@\uff45xample.com", "bo@example\u3002com", " bo@example.com ",
    "bo@example.com.", "bo@\u24d4xample.com",
)  # fmt: skip


def narrow(app: Flask, **values: int) -> None:
    app.config["SETTINGS"] = replace(app.config["SETTINGS"], **values)


def attempt(browser: FlaskClient, password: str, ip: str = "127.0.0.1", email: str = "bo@example.com") -> int:
    form = {"email": email, "password": password}
    return browser.post("/login", data=form, environ_base={"REMOTE_ADDR": ip}).status_code


def guess(app: Flask, times: int, ip: str = "203.0.113.7") -> list[int]:
    return [attempt(app.test_client(), "not the password", ip) for _ in range(times)]


@pytest.mark.parametrize("email", SPELLINGS)
def test_every_spelling_opens_the_account(client: FlaskClient, cast: Cast, email: str) -> None:
    assert attempt(client, PASSWORD, email=email) == 303


def test_every_spelling_counts_against_one_limit(app: Flask, cast: Cast) -> None:
    narrow(app, login_account_limit=4)
    found = [attempt(app.test_client(), "not the password", email=email) for email in SPELLINGS]
    assert found == [422] * 4 + [429] * 3


def test_tries_that_arrive_at_the_same_moment_use_the_limit_up_together(app: Flask, cast: Cast) -> None:
    """Each was let begin, because it could not see the others yet."""
    narrow(app, login_account_limit=2)
    with app.app_context():
        limits = rate_limits.proof_limits(cast.bo.id)
        mine = rate_limits.begin(limits)
        others = [LoginAttempt(subject=limits[0].subject, at=clock.now()) for _ in range(2)]
        db.session.add(others[0])
        db.session.flush()
        rate_limits.refuse_excess(mine)
        db.session.add(others[1])
        db.session.flush()
        with pytest.raises(rate_limits.TooManyAttempts):
            rate_limits.refuse_excess(mine)


def test_every_spelling_counts_against_one_limit_of_mail(app: Flask, cast: Cast) -> None:
    with app.app_context():
        allowed = [rate_limits.may_mail(SPELLINGS[n % len(SPELLINGS)]) for n in range(9)]
    assert allowed == [True] * 6 + [False] * 3


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Zo\u00eb@B\u00dcCHER.example", "zo\u00eb@b\u00fccher.example"),
        ("zoe\u0308@xn--bcher-kva.example", "zo\u00eb@b\u00fccher.example"),
        ("O'Neil+a@example.com", "o'neil+a@example.com"),
        ("\u212a@example.com", "k@example.com"),
    ],
)
def test_an_address_has_one_form(app: Flask, typed: str, stored: str) -> None:
    assert accounts.normalise(typed) == accounts.normalise(stored) == accounts.canonical(typed) == stored


@pytest.mark.parametrize("typed", ["", "x", "a\x00b@example.com", "a b@example.com", "not an address: x"])
def test_what_is_no_address_belongs_to_nobody(app: Flask, cast: Cast, typed: str) -> None:
    with app.app_context():
        assert accounts.find(typed) is None
        assert accounts.canonical(typed).startswith("not an address: ")


def test_a_stranger_does_not_keep_a_known_browser_out(app: Flask, cast: Cast) -> None:
    narrow(app, login_account_limit=3, login_address_limit=5)
    own = app.test_client()
    assert attempt(own, PASSWORD) == 303
    own.post("/logout")
    assert guess(app, 9)[-1] == 429
    assert guess(app, 9, "127.0.0.1")[-1] == 429, "even from the owner's own network"
    assert attempt(own, PASSWORD) == 303


@pytest.mark.slow
def test_a_stranger_does_not_keep_a_new_browser_out(app: Flask, cast: Cast) -> None:
    narrow(app, login_account_limit=3)
    for n in range(30):
        guess(app, 4, f"203.0.113.{n}")
    assert guess(app, 3, "198.51.100.9") == [422, 422, 429], "many networks get fewer tries each"
    assert attempt(app.test_client(), PASSWORD, "192.0.2.1") == 303


def test_a_known_browser_has_a_limit_of_its_own(app: Flask, cast: Cast) -> None:
    narrow(app, login_account_limit=3)
    own = app.test_client()
    attempt(own, PASSWORD)
    own.post("/logout")
    assert [attempt(own, "not the password") for _ in range(4)] == [422, 422, 422, 429]
    assert attempt(own, PASSWORD) == 429
    assert attempt(app.test_client(), PASSWORD) == 303


def test_a_known_browser_is_one_of_that_account_alone(app: Flask, cast: Cast) -> None:
    narrow(app, login_account_limit=2)
    own = app.test_client()
    attempt(own, PASSWORD, email="cy@example.com")
    own.post("/logout")
    assert guess(app, 3, "127.0.0.1") == [422, 422, 429]
    assert attempt(own, PASSWORD) == 429


@pytest.mark.parametrize("value", ["", "x", "e30.aaaa.bbbb", "\u00ff", "x" * 4000])
def test_a_forged_cookie_makes_no_browser_known(app: Flask, cast: Cast, value: str) -> None:
    narrow(app, login_account_limit=2)
    guess(app, 3, "127.0.0.1")
    browser = app.test_client()
    browser.set_cookie("lectern_known", value)
    assert attempt(browser, PASSWORD) == 429


def test_the_cookie_comes_with_signing_in_only_and_names_nobody(app: Flask, cast: Cast) -> None:
    browser = app.test_client()
    attempt(browser, "not the password")
    assert browser.get_cookie("lectern_known") is None
    for email in ("bo@example.com", "cy@example.com"):
        attempt(browser, PASSWORD, email=email)
        browser.post("/logout")
    cookie = browser.get_cookie("lectern_known")
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site) == (True, "Lax")
    assert "example" not in cookie.value
    narrow(app, login_account_limit=2)
    guess(app, 3, "127.0.0.1")
    assert attempt(browser, PASSWORD) == 303, "both accounts are known"


def test_signing_in_elsewhere_does_not_reset_the_guessers_count(app: Flask, cast: Cast) -> None:
    narrow(app, login_account_limit=3)
    guess(app, 3)
    assert attempt(app.test_client(), PASSWORD) == 303
    assert guess(app, 1) == [429]


def test_proving_the_password_again_is_no_strangers_business(
    app: Flask, cast: Cast, signed_in: SignIn
) -> None:
    narrow(app, login_account_limit=2)
    bo = signed_in(cast.bo)
    guess(app, 4, "127.0.0.1")
    form = {"current": PASSWORD, "password": "a wholly new password"}
    assert bo.post("/account/security", data=form).status_code == 303


def test_the_mailbox_opens_an_account_in_a_crowd(app: Flask, client: FlaskClient, cast: Cast) -> None:
    narrow(app, login_account_limit=2)
    for n in range(12):
        guess(app, 2, f"203.0.113.{n}")
    guess(app, 3, "127.0.0.1")
    client.post("/forgot-password", data={"email": "bo@example.com"})
    new = "a wholly new password"
    assert client.post(link(app, "reset_password"), data={"password": new}).status_code == 303
    assert attempt(app.test_client(), new) == 303
    with app.app_context():
        assert db.session.scalars(db.select(LoginAttempt.subject)).first() is not None

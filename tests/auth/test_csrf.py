"""Whose page a form stood on, and a fresh token for a page whose own is stale."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import User
from tests.cast import PASSWORD, Cast

SignedIn = Callable[[User], FlaskClient]


@pytest.fixture(autouse=True)
def csrf_on(app: Flask) -> None:
    app.config["WTF_CSRF_ENABLED"] = True


def token_in(html: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', html)
    assert found is not None
    return found[1]


def test_a_fresh_token_lets_a_form_be_sent(cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.bo)
    told = browser.get("/session/token")
    assert told.json is not None
    assert (told.json["signed_in"], told.json["name"]) == (True, "Bo")
    assert told.headers["Cache-Control"] == "no-store"
    sent = browser.post("/logout", data={"csrf_token": told.json["token"]})
    assert sent.status_code == 303


def test_a_stranger_is_told_so(client: FlaskClient) -> None:
    told = client.get("/session/token").json
    assert told is not None
    assert (told["signed_in"], told["person"], told["name"]) == (False, "", "")


def test_the_mark_in_the_page_is_the_one_that_is_told(cast: Cast, signed_in: SignedIn) -> None:
    bo, cy = signed_in(cast.bo), signed_in(cast.cy)
    told = bo.get("/session/token").json
    assert told is not None
    assert f'data-person="{told["person"]}"' in bo.get("/account").text
    assert told["person"] not in cy.get("/account").text
    assert cast.bo.id.hex not in told["person"] + told["token"]


def test_signing_in_makes_what_was_rendered_before_stale(cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.bo)
    old = token_in(browser.get("/account").text)
    browser.post("/logout", data={"csrf_token": old})
    data = {
        "email": "bo@example.com",
        "password": PASSWORD,
        "csrf_token": token_in(browser.get("/login").text),
    }
    assert browser.post("/login", data=data).status_code == 303
    stale = browser.post("/account", data={"csrf_token": old, "name": "Bo"})
    assert stale.status_code == 400
    fresh = token_in(browser.get("/account").text)
    assert (
        browser.post("/account", data={"csrf_token": fresh, "name": "Bo", "timezone": "UTC"}).status_code
        == 303
    )

"""Whose page a form stood on, and a fresh token for a page whose own is stale."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from models import User
from tests.cast import PASSWORD, Cast
from web import csrf

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


def test_every_response_masks_the_token_anew(cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.bo)
    pages = [browser.get("/account").text for _ in range(2)]
    tokens = [{*re.findall(r'(?:name="csrf_token" value=|"X-CSRFToken": )"([^"]+)"', page)} for page in pages]
    assert [len(found) for found in tokens] == [1, 1], "one mask in one response"
    first, second = (found.pop() for found in tokens)
    assert not any(first[at : at + 12] in second for at in range(len(first) - 12))
    assert csrf.unmasked(first)[:60] == csrf.unmasked(second)[:60]
    for headers, form in (({"X-CSRFToken": first}, {}), ({}, {"csrf_token": second})):
        saved = browser.post("/account", data={"name": "Bo", "timezone": "UTC", **form}, headers=headers)
        assert saved.status_code == 303


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        (csrf.unmasked, 303),  # from a page that was open before tokens had masks
        (lambda sent: csrf.masked(csrf.unmasked(sent)), 303),
        (lambda sent: sent.removeprefix("-"), 400),
        (lambda sent: "-" + sent, 400),
        (lambda sent: sent[:-4], 400),
        # Not the last one: bits of a signature's last character don't count.
        (lambda sent: sent[:-9] + ("A" if sent[-9] != "A" else "Q") + sent[-8:], 400),
        (lambda sent: sent + "AAAA", 400),
        (lambda sent: sent[:9] + "\n" + sent[9:], 400),
        (lambda sent: csrf.masked(sent), 400),
        (lambda sent: csrf.masked(csrf.unmasked(sent)[:-1]), 400),
        (lambda sent: csrf.unmasked(sent).partition(".")[0], 400),
        (lambda sent: "-", 400),
        (lambda sent: "-====", 400),
        (lambda sent: "-é" + sent, 400),
        (lambda sent: "-" + "A" * 2_000_000, 400),
        (lambda sent: "", 400),
    ],
)
def test_only_an_intact_token_counts(
    cast: Cast, signed_in: SignedIn, spoil: Callable[[str], str], status: int
) -> None:
    browser = signed_in(cast.bo)
    token = spoil(token_in(browser.get("/account").text))
    form = {"csrf_token": token, "name": "Bo", "timezone": "UTC"}
    assert browser.post("/account", data=form).status_code == status
    other = signed_in(cast.cy).post("/account", data=form)
    assert other.status_code == 400, "it is the token of one session"


def test_other_tabs_are_told_the_session_and_not_its_token(cast: Cast, signed_in: SignedIn) -> None:
    browser = signed_in(cast.bo)
    told = browser.get("/session/token").json
    assert told is not None
    assert f'data-session="{told["session"]}"' in browser.get("/account").text
    with browser.session_transaction() as session:
        assert told["session"] not in session["csrf_token"]
    assert told["session"] not in signed_in(cast.bo).get("/account").text

"""Back after signing out shows nothing of who has left, from whichever memory the browser takes the page."""

import os
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient
from playwright.sync_api import Browser, Page, expect

from models import User
from tests.accessibility import Window, tried_with
from tests.cast import Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import Visitor, sign_in

PRIVATE = ("/account", "/account/security", "/orders", "/learn", "/learn/flask-first-steps", "/notifications")


@tried_with("no-js-phone")
def test_back_asks_to_sign_in(house: House, visitor: Visitor, cast: Cast, window: Window) -> None:
    page = visitor(**window)
    sign_in(page, "bo@example.com")
    leave_and_go_back(page, "/account")


def leave_and_go_back(page: Page, address: str) -> None:
    """Read a private page, sign out in another tab, and press Back."""
    page.goto(address)
    expect(page.locator("h1")).not_to_have_text("Sign in")
    page.goto("/courses")
    token = page.context.request.get("/session/token").json()["token"]
    page.context.request.post("/logout", form={"csrf_token": token})
    page.go_back()
    expect(page.locator("h1")).to_have_text("Sign in")
    assert "bo@example.com" not in page.content()


def test_a_page_kept_whole_in_memory_is_not_shown_either(house: House, chromium: Browser, cast: Cast) -> None:
    """Playwright switches that memory off; here it is on, as people have it."""
    browser = chromium.browser_type.launch(
        executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
        args=["--no-sandbox", "--disable-gpu", "--enable-features=BackForwardCache"],
        ignore_default_args=["--disable-back-forward-cache"],
    )
    page = browser.new_page(base_url=house.url)
    sign_in(page, "bo@example.com")
    leave_and_go_back(page, "/account")
    browser.close()


@pytest.mark.parametrize("name", ["bo", "ada", "mo"])
def test_no_answer_made_for_somebody_is_kept(
    cast: Cast, signed_in: Callable[[User], FlaskClient], name: str
) -> None:
    browser = signed_in(getattr(cast, name))
    for address in (*PRIVATE, "/", "/courses", "/nowhere", "/learn/flask-first-steps/routes"):
        answer = browser.get(address)
        assert answer.cache_control.no_store, address
        swapped = browser.get(address, headers={"HX-Request": "true"})
        assert swapped.cache_control.no_store, address


def test_strangers_keep_public_pages(client: FlaskClient, cast: Cast) -> None:
    for address in ("/", "/courses", "/courses/flask-first-steps"):
        assert client.get(address).headers["Cache-Control"] == "private, no-cache"

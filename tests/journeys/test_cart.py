"""A journey: a guest fills a cart, looks it over, signs in, and finds it in their account."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.accessibility import Window, overflow, tried_with, violations
from tests.cast import PASSWORD, Cast
from tests.journeys.conftest import House

Visitor = Callable[..., Page]


def tool(page: Page, number: int) -> None:
    """Look at the number in the header."""
    name = f"Cart, {number} in it" if number else "Cart"
    expect(page.get_by_role("banner").get_by_role("link", name=name, exact=True)).to_be_visible()


def look_at(page: Page, has_scripts: bool) -> None:
    """Look for what is wrong with the page; axe needs scripts."""
    assert (violations(page) if has_scripts else []) + overflow(page) == []


@tried_with("js-desk", "no-js-phone")
def test_a_guests_cart_goes_with_them(house: House, visitor: Visitor, cast: Cast, window: Window) -> None:
    page, has_scripts = visitor(**window), window["javascript"]
    page.goto("/courses")
    tool(page, 0)
    page.get_by_role("button", name="Add to cart: Flask, first steps").click()
    if has_scripts:
        expect(page.get_by_role("link", name="In your cart: Flask, first steps")).to_be_focused()
    expect(page).to_have_url(re.compile("/courses$" if has_scripts else "/cart$"))
    tool(page, 1)
    page.goto("/courses/reading-code")
    page.get_by_role("button", name="Add to cart").click()
    tool(page, 2)
    page.goto("/cart")
    expect(page.get_by_text("2 items")).to_be_visible()
    look_at(page, has_scripts)

    page.get_by_role("button", name="Remove Reading code").click()
    tool(page, 1)
    expect(page.get_by_text("“Reading code” is out of your cart.")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    tool(page, 2)
    expect(page.get_by_role("link", name="Reading code", exact=True)).to_be_visible()

    page.get_by_role("link", name="Sign in to check out").click()
    page.get_by_label("Email").fill("cy@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page).to_have_url(re.compile("/cart$"))
    expect(page.get_by_text("2 items")).to_be_visible()
    tool(page, 2)
    page.get_by_role("button", name="Save for later: Reading code").click()
    tool(page, 1)
    look_at(page, has_scripts)
    page.goto("/wishlist")
    page.get_by_role("button", name="Add to cart: Reading code").click()
    tool(page, 2)

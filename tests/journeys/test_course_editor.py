"""A creator begins a course, describes it, prices it and looks at it: with and without JavaScript."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.accessibility import Window, look_every_way, tried_with
from tests.cast import Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in

Visitor = Callable[..., Page]


@tried_with("js-phone")
def test_a_course_is_begun_and_looked_at(house: House, visitor: Visitor, cast: Cast, window: Window) -> None:
    page = visitor(**window)
    sign_in(page, "nia@example.com")
    page.goto("/studio/courses")
    page.get_by_role("link", name="New course", exact=True).click()
    page.get_by_label("Title").fill("Templates that last")
    page.get_by_label("Category").select_option(label="Web / Flask")
    page.get_by_role("button", name="Create course").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Templates that last")

    page.get_by_label("Summary").fill("One layout, many pages.")
    page.get_by_label("Description").fill("## Why\n\nBecause pages **change**.")
    page.get_by_label("Tags").fill("Jinja, HTML")
    page.get_by_label("What learners will be able to do").fill("Write a layout\nTest it")
    page.get_by_label("Title").press("Enter")  # saves, whatever other buttons the form has
    expect(page.locator("#title")).to_have_value("Templates that last")
    expect(page.get_by_label("Tags")).to_have_value("HTML, Jinja")

    page.get_by_role("searchbox", name="Find a course").fill("flask")
    page.locator("#required").get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Add Flask, first steps").click()
    expect(page.get_by_role("button", name="Remove Flask, first steps")).to_be_visible()

    fold = page.get_by_role("navigation", name="Pages of this course").locator("summary")
    if fold.is_visible():  # on a phone
        fold.click()
    page.get_by_role("link", name="Pricing").click()
    page.get_by_label("Standard: 3 to 5 hours").check()
    page.get_by_label("Price in USD", exact=True).fill("9")
    page.get_by_role("button", name="Save pricing").click()
    expect(page.get_by_text("A course of this size costs $15 to $25.")).to_be_visible()
    page.get_by_label("Price in USD", exact=True).fill("19.50")
    page.get_by_role("button", name="Save pricing").click()
    expect(page.get_by_label("Price in USD", exact=True)).to_have_value("19.50")

    page.get_by_role("link", name="Preview as a learner").click()
    expect(page.get_by_role("note")).to_contain_text("how learners see your course once it is published")
    expect(page.get_by_role("button", name="Buy now")).to_be_disabled()
    expect(page.get_by_role("heading", name="Why")).to_be_visible()
    page.get_by_role("link", name="Back to the studio").click()
    page.get_by_role("link", name="Courses", exact=True).last.click()
    row = page.get_by_role("row", name=re.compile("Templates that last"))
    expect(row).to_contain_text("Write the first lesson")


def test_markdown_is_written_with_keys_and_seen_while_it_is_typed(
    house: House, visitor: Visitor, cast: Cast
) -> None:
    page = visitor()
    sign_in(page, "ada@example.com")
    page.goto(f"/studio/courses/{cast.flask_course.id}")
    text = page.get_by_label("Description")
    for typed, press, expected in (
        ("word", "Control+b", "**word**"),
        ("word", "Control+i", "*word*"),
        ("word", "Control+k", "[word](https://)"),
        ("word", "Control+e", "`word`"),
    ):
        text.fill(typed)
        text.press("Control+a")
        text.press(press)
        expect(text).to_have_value(expected)
    text.press("Control+z")
    expect(text).to_have_value("word")
    page.get_by_role("button", name="List").click()
    expect(text).to_have_value("- word")
    text.press("Enter")
    text.press_sequentially("more")
    expect(text).to_have_value("- word\n- more")
    page.get_by_role("button", name="Preview").click()
    preview = page.get_by_role("region", name="Preview")
    expect(preview.get_by_role("listitem")).to_have_text(["word", "more"])
    text.press_sequentially(" **now**")
    expect(preview.locator("strong")).to_have_text("now")


def test_two_tabs_at_one_page(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "ada@example.com")
    address = f"/studio/courses/{cast.flask_course.id}"
    page.goto(address)
    other = page.context.new_page()
    other.goto(address)
    other.get_by_label("Summary").fill("From the other tab.")
    other.get_by_role("button", name="Save details").click()
    expect(other.get_by_text("Saved.")).to_be_visible()
    page.get_by_label("Summary").fill("From this tab.")
    page.get_by_role("button", name="Save details").click()
    expect(page.get_by_text("This was changed elsewhere")).to_contain_text("From the other tab.")
    expect(page.get_by_label("Summary")).to_have_value("From this tab.")
    page.get_by_role("button", name="Save details").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.get_by_label("Summary")).to_have_value("From this tab.")


@pytest.mark.once
def test_the_editor_is_accessible(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor(bypass_csp=True)
    sign_in(page, "ada@example.com")
    home = f"/studio/courses/{cast.flask_course.id}"
    pages = (
        "",
        "?find=reading",
        "/pricing",
        "/access",
        "/sharing",
        "/duplicate",
        "/archive",
        "/delete",
        "/preview",
    )
    addresses = ("/studio/courses", "/studio/courses/new", *(home + rest for rest in pages))
    assert [problem for address in addresses for problem in look_every_way(page, address)] == []

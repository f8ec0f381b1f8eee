"""Two tabs of one form in a browser: what each changed is there, and nothing is written over unseen."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.accessibility import Window, every_way, tried_with
from tests.cast import Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in

Visitor = Callable[..., Page]


@tried_with("no-js-phone")
def test_settings_in_two_tabs(house: House, visitor: Visitor, cast: Cast, window: Window) -> None:
    one = visitor(**window)
    sign_in(one, "mo@example.com")
    two = one.context.new_page()
    for tab in (one, two):
        tab.goto("/admin/settings")
    save(one, "Name", "The evening school")
    save(two, "Home page title", "Learn after work")
    for tab in (one, two):
        tab.goto("/admin/settings")
        expect(tab.get_by_label("Name", exact=True)).to_have_value("The evening school")
        expect(tab.get_by_label("Home page title")).to_have_value("Learn after work")


def test_a_long_text_that_both_changed(house: House, visitor: Visitor, cast: Cast) -> None:
    one = visitor()
    sign_in(one, "ada@example.com")
    two = one.context.new_page()
    for tab in (one, two):
        tab.goto(f"/studio/courses/{cast.flask_course.id}")
    save(one, "Description", "Written in the first tab.\n\nWith a second paragraph.")
    two.get_by_label("Title", exact=True).fill("Flask in two tabs")
    save(two, "Description", "Written in the second.")
    theirs = two.get_by_label("Current version")
    expect(theirs).to_have_value("Written in the first tab.\n\nWith a second paragraph.")
    expect(two.get_by_label("Description", exact=False).first).to_have_value("Written in the second.")
    assert every_way(two) == []
    save(two, "Summary", "Both are read.")
    one.goto(f"/studio/courses/{cast.flask_course.id}")
    expect(one.locator("#title")).to_have_value("Flask in two tabs")
    expect(one.locator("#description")).to_have_value("Written in the second.")
    expect(one.locator("#summary")).to_have_value("Both are read.")


@pytest.mark.parametrize(
    ("address", "field"),
    [("/account", "#bio"), ("/studio/courses/{course}/lessons/{lesson}", "#body")],
    ids=["profile", "lesson"],
)
def test_back_without_scripts_asks_before_it_writes_over_another_tab(
    house: House, visitor: Visitor, cast: Cast, address: str, field: str
) -> None:
    """The browser shows what was typed again, in the page as it is now."""
    one = visitor(javascript=False)
    sign_in(one, "ada@example.com")
    two = one.context.new_page()
    page = address.format(course=cast.flask_course.id, lesson=cast.text_lesson.id)
    one.goto(page)
    one.locator(field).fill("Typed and not sent.")
    one.goto("/about")
    two.goto(page)
    two.locator(field).fill("Saved in the other tab.")
    send(two.locator(field))
    one.go_back()
    for theirs in ("Saved in the other tab.", "Typed and not sent."):
        expect(one.locator(field)).to_have_value("Typed and not sent.")
        send(one.locator(field))
        two.goto(page)
        expect(two.locator(field)).to_have_value(theirs)
        assert ("Saved in the other tab." in one.content()) == (theirs != "Typed and not sent.")


@tried_with("js-desk", "no-js-phone")
def test_back_asks_before_it_writes_over_what_another_tab_has_autosaved(
    house: House, visitor: Visitor, cast: Cast, window: Window
) -> None:
    """An autosave makes no new version; the page as it is now knows of it, what was typed before doesn't."""
    one = visitor(**window)
    sign_in(one, "ada@example.com")
    two = visitor()
    sign_in(two, "ada@example.com")
    page = f"/studio/courses/{cast.flask_course.id}/lessons/{cast.text_lesson.id}"
    one.goto(page)
    one.locator("#body").fill("Typed and not sent.")
    one.goto("/about")
    two.goto(page)
    while window["javascript"] and two.locator("#body").input_value() != "Typed and not sent.":
        two.reload()  # it is autosaved on leaving
    two.locator("#body").fill("Autosaved in the other tab.")
    expect(two.locator("[data-autosave-status]")).to_contain_text("Saved")
    one.go_back()
    expect(one.locator("#body")).to_have_value("Typed and not sent.")
    send(one.locator("#body"))
    assert "Autosaved in the other tab." in one.content()
    two.reload()
    expect(two.locator("#body")).to_have_value("Autosaved in the other tab.")
    send(one.locator("#body"))
    two.goto(page)
    expect(two.locator("#body")).to_have_value("Typed and not sent.")


@tried_with("js-phone")
def test_back_discards_nothing_that_its_page_did_not_show(
    house: House, visitor: Visitor, cast: Cast, window: Window
) -> None:
    """The page as it is now offers to discard what was autosaved elsewhere; its fields show older words."""
    one = visitor(**window)
    sign_in(one, "ada@example.com")
    two = visitor()
    sign_in(two, "ada@example.com")
    page = f"/studio/courses/{cast.flask_course.id}/lessons/{cast.text_lesson.id}"
    one.goto(page)
    one.locator("#body").fill("Typed and not sent.")
    one.goto("/about")
    two.goto(page)
    while window["javascript"] and two.locator("#body").input_value() != "Typed and not sent.":
        two.reload()  # it is autosaved on leaving
    two.locator("#body").fill("Autosaved in the other tab.")
    expect(two.locator("[data-autosave-status]")).to_contain_text("Saved")
    one.go_back()
    expect(one.locator("#body")).to_have_value("Typed and not sent.")
    one.get_by_role("button", name="Discard").click()
    expect(one.get_by_text("nothing was discarded")).to_be_visible()
    expect(one.locator("#theirs-body, .overtaken p").filter(has_text="Autosaved in")).to_be_visible()
    expect(one.locator("#body")).to_have_value("Typed and not sent.")
    two.reload()
    expect(two.locator("#body")).to_have_value("Autosaved in the other tab.")


def save(tab: Page, label: str, text: str) -> None:
    """Write into a field, as into an empty one, and send its form."""
    control = tab.get_by_label(label).first
    control.fill(text)
    send(control)


def send(control: Locator) -> None:
    """Send the form of a field."""
    form = control.locator("xpath=ancestor::form")
    with control.page.expect_navigation():
        form.locator(".form-actions button").first.click()

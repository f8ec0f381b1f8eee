"""Leaving a page loses no words: it is kept, or the browser asks."""

from collections.abc import Callable

from playwright.sync_api import Dialog, Page, expect

from domain.authoring import autosave
from models import Lesson, db
from tests.cast import Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in
from tests.journeys.test_moderating import awake, something_of_each

Visitor = Callable[..., Page]


def listening(page: Page) -> list[str]:
    """Say "leave" to every question of the page; answers the kinds of those asked so far."""
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", leave)
    return asked


def test_a_page_with_unsaved_words_asks_until_it_is_sent(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "ada@example.com")
    asked = listening(page)
    for address, control in (
        (f"/studio/courses/{cast.flask_course.id}", "#summary"),
        ("/studio/profile", "#bio"),
        ("/account", "#bio"),
        (f"/studio/courses/{cast.flask_course.id}/sharing", "#meta_title"),
    ):
        page.goto(address)
        page.locator(control).press_sequentially("New")
        page.goto("/courses")
        assert asked == ["beforeunload"], address
        asked.clear()
    page.goto("/account")
    page.locator("#bio").press_sequentially("New")
    page.locator("#bio").locator("xpath=ancestor::form").get_by_role("button").first.click()
    expect(page.locator("[data-toast], .toast").first).to_be_visible()
    page.goto("/courses")
    page.get_by_role("searchbox").first.press_sequentially("flask")
    page.goto("/account")
    assert asked == []


def test_a_lesson_is_kept_on_leaving_and_asks_when_it_is_too_long(
    house: House, visitor: Visitor, cast: Cast
) -> None:
    page = visitor()
    sign_in(page, "ada@example.com")
    asked = listening(page)
    address = f"/studio/courses/{cast.flask_course.id}/lessons/{cast.text_lesson.id}"
    page.goto(address)
    page.locator("#description").fill("Typed a moment before leaving.")
    page.goto("/courses")

    def kept() -> str:
        with house.app.app_context():
            typed = autosave.find(db.session.get_one(Lesson, cast.text_lesson.id))
            return str(typed.values["description"]) if typed else ""

    for _ in range(100):
        if kept():
            break
        page.wait_for_timeout(50)
    assert kept() == "Typed a moment before leaving."
    assert asked == []
    page.goto(address)
    page.locator("#body").focus()
    page.keyboard.insert_text("x" * 70_000)
    page.goto("/courses")
    assert asked == ["beforeunload"]


def test_what_is_discarded_while_typing_stays_discarded(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "ada@example.com")
    address = f"/studio/courses/{cast.flask_course.id}/lessons/{cast.text_lesson.id}"
    page.goto(address)
    page.locator("#description").fill("Typed.")
    expect(page.locator("[data-autosave-status]")).to_contain_text("Saved")
    page.reload()
    page.locator("#description").fill("Typed, and more.")
    page.get_by_role("button", name="Discard").click()
    expect(page.get_by_text("Unsaved changes discarded.")).to_be_visible()
    expect(page.locator("#description")).to_have_value("")
    page.locator("#description").fill("Anew.")
    expect(page.locator("[data-autosave-status]")).to_contain_text("Saved")


def test_notes_of_a_moderator_are_there_when_they_come_back(
    house: House, visitor: Visitor, cast: Cast
) -> None:
    something_of_each(house, cast)
    page = visitor()
    sign_in(page, "mo@example.com")
    asked = listening(page)
    page.goto("/admin/moderation")
    page.get_by_role("button", name="Start with the oldest").click()
    expect(page.get_by_text("claimed by you")).to_be_visible()
    first = page.url
    page.get_by_label("Notes").fill("Come back to this.")
    awake(page)
    page.get_by_role("button", name="Skip").click()
    page.wait_for_url(lambda url: url != first)
    expect(page.get_by_label("Notes")).to_have_value("")
    page.goto(first)
    expect(page.get_by_label("Notes")).to_have_value("Come back to this.")
    page.get_by_label("Notes").fill("Newer, and left without a press.")
    page.goto("/admin")
    page.goto(first)
    expect(page.get_by_label("Notes")).to_have_value("Newer, and left without a press.")
    assert asked == []


def test_notes_are_kept_without_scripts_too(house: House, visitor: Visitor, cast: Cast) -> None:
    something_of_each(house, cast)
    page = visitor(javascript=False)
    sign_in(page, "mo@example.com")
    page.goto("/admin/moderation")
    page.get_by_role("button", name="Start with the oldest").click()
    first = page.url
    page.get_by_label("Notes").fill("Come back to this.")
    awake(page)
    page.get_by_role("button", name="Skip").click()
    page.wait_for_url(lambda url: url != first)
    expect(page.get_by_label("Notes")).to_have_value("")
    page.goto(first)
    expect(page.get_by_label("Notes")).to_have_value("Come back to this.")


def test_a_swap_leaves_what_is_typed_beside_it(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "ada@example.com")
    page.goto(f"/studio/courses/{cast.flask_course.id}/curriculum")
    page.locator("#new-module").fill("Half a title")
    added = page.locator("form.plan-add.is-lesson").first
    added.get_by_role("textbox").fill("A new lesson")
    added.get_by_role("button").click()
    expect(page.get_by_role("link", name="A new lesson").first).to_be_visible()
    expect(page.locator("#new-module")).to_have_value("Half a title")


def test_back_and_reload_bring_the_words_back(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "ada@example.com")
    listening(page)
    page.goto("/account")
    page.locator("#bio").fill("Typed, then left.")
    page.goto("/courses")
    page.go_back()
    expect(page.locator("#bio")).to_have_value("Typed, then left.")
    page.reload()
    expect(page.locator("#bio")).to_have_value("Typed, then left.")
    page.goto("/account")
    expect(page.locator("#bio")).not_to_have_value("Typed, then left.")
    plan = f"/studio/courses/{cast.flask_course.id}/curriculum"
    page.goto(plan)
    page.locator("#new-module").fill("Half a title")
    page.goto("/courses")
    page.go_back()
    expect(page.locator("#new-module")).to_have_value("Half a title")


def test_words_that_came_back_write_over_nothing(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "ada@example.com")
    listening(page)
    page.goto("/account")
    page.locator("#bio").fill("Typed, then left.")
    page.goto("/courses")
    other = page.context.new_page()
    other.goto("/account")
    other.locator("#bio").fill("Saved elsewhere.")
    other.locator("#name").fill("Ada L.")
    other.locator("#bio").press("Tab")
    other.locator("form:has(#bio) .form-actions button").first.click()
    expect(other.locator("[data-toast], .toast").first).to_be_visible()
    page.go_back()
    expect(page.locator("#bio")).to_have_value("Typed, then left.")
    send = page.locator("form:has(#bio) .form-actions button").first
    with page.expect_navigation():
        send.click()
    expect(page.locator("#bio-error")).to_contain_text("This was changed elsewhere to “Saved elsewhere.”")
    expect(page.locator("#name")).to_have_value("Ada L.")
    with page.expect_navigation():
        send.click()
    expect(page.locator("[data-toast], .toast").first).to_be_visible()
    expect(page.locator("#bio")).to_have_value("Typed, then left.")


def test_nobody_finds_what_somebody_else_typed_in_this_tab(
    house: House, visitor: Visitor, cast: Cast
) -> None:
    page = visitor()
    sign_in(page, "ada@example.com")
    listening(page)
    page.goto("/account")
    page.locator("#bio").fill("A secret of Ada.")
    page.goto("/courses")
    assert "A secret of Ada." in page.evaluate("JSON.stringify(sessionStorage)")
    page.context.clear_cookies()
    sign_in(page, "bo@example.com")
    page.goto("/account")
    assert "A secret" not in page.evaluate("JSON.stringify(sessionStorage)")
    page.reload()
    expect(page.locator("#bio")).not_to_have_value("A secret of Ada.")

"""Hands in the curriculum: what a row's menu sends leaves the focus in place, and toasts cover no menu."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from domain.authoring import curriculum
from models import Course, User, db
from tests.accessibility import Window, tried_with
from tests.cast import Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in

Visitor = Callable[..., Page]

UNCOVERED = """element => {
  const { left, top, width, height } = element.getBoundingClientRect();
  return element.contains(document.elementFromPoint(left + width / 2, top + height / 2));
}"""


@pytest.fixture
def plan(house: House, visitor: Visitor, cast: Cast) -> Page:
    with house.app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        curriculum.add_module(course, db.session.get_one(User, cast.ada.id), "Afterwards")
        db.session.commit()
    page = visitor(javascript=True)
    sign_in(page, "ada@example.com")
    page.goto(f"/studio/courses/{cast.flask_course.id}/curriculum")
    return page


def press(page: Page, row: str, button: str) -> None:
    more = page.get_by_label(f"More for {row}", exact=True)
    more.focus()
    more.press("Enter")
    pressed = page.locator("details.menu[open] .menu-panel").get_by_role("button", name=button, exact=True)
    pressed.scroll_into_view_if_needed()
    assert pressed.evaluate(UNCOVERED)  # also by the toast of the press before
    pressed.focus()
    pressed.press("Enter")


def test_the_focus_stays_with_the_row_whose_menu_was_used(plan: Page) -> None:
    press(plan, "Afterwards", "Hide from learners")
    expect(plan.get_by_label("More for Afterwards", exact=True)).to_be_focused()
    press(plan, "Routes", "Move")
    expect(plan.get_by_text("“Routes” is moved.")).to_be_visible()
    expect(plan.get_by_label("More for Routes", exact=True)).to_be_focused()


def test_the_focus_goes_to_the_copy(plan: Page) -> None:
    press(plan, "Routes", "Duplicate")
    expect(plan.locator(".menu > summary:focus")).to_have_attribute("aria-label", "More for Copy of Routes")
    press(plan, "Go on", "Duplicate")
    expect(plan.locator(".menu > summary:focus")).to_have_attribute("aria-label", "More for Copy of Go on")


@tried_with("js-phone", only="js")
def test_toasts_cover_nothing_in_use(plan: Page, window: Window) -> None:
    plan.set_viewport_size(window["viewport"] | {"height": 700})
    for _ in range(2):  # the copy of the last row, below which there is only the end of the page
        press(plan, "Afterwards", "Duplicate")
        expect(plan.locator(".toast").last).to_be_visible()
        focused = plan.locator(".menu > summary:focus")
        expect(focused).to_have_attribute("aria-label", "More for Copy of Afterwards")
        assert focused.evaluate(UNCOVERED)
        plan.get_by_label("More for Copy of Afterwards", exact=True).first.press("Enter")
        for item in plan.locator("details.menu[open] .menu-panel :is(a, button)").all():
            item.scroll_into_view_if_needed()
            assert item.evaluate(UNCOVERED)
        plan.keyboard.press("Escape")

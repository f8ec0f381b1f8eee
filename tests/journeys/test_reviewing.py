"""Reviews on their page: written with the keyboard, thanked for, sorted, reported and deleted in place."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from domain.community import reviews
from domain.learning import access
from models import Course, GrantSource, User, db
from tests.accessibility import DESK, Window, tried_with, violations
from tests.cast import Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in

Visitor = Callable[..., Page]


@pytest.fixture
def reviewed(house: House, cast: Cast) -> None:
    """Two people have reviewed the course."""
    with house.app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        for person, rating, comment in ((cast.una, 5, "Just right."), (cast.nia, 1, "Buy shoes.")):
            user = db.session.get_one(User, person.id)
            access.grant(user.id, course.id, GrantSource.FREE, course.id)
            reviews.write(user, course, rating, comment)
        db.session.commit()


@tried_with("js-phone", only="js")
def test_everything_happens_in_place(
    house: House, visitor: Visitor, cast: Cast, reviewed: None, window: Window
) -> None:
    page = visitor(**window)
    sign_in(page, "bo@example.com")
    page.goto("/courses/flask-first-steps")
    page.evaluate("window.here = true")
    section = page.locator("#reviews")

    section.get_by_role("link", name="Write a review").press("Enter")
    expect(section.get_by_role("heading", name="Write your review")).to_be_focused()
    assert violations(page, "#reviews") == []
    section.get_by_label("What should others know?").fill("Clear and short.")
    page.evaluate("document.querySelectorAll('[name=rating]').forEach(star => star.required = false)")
    section.get_by_role("button", name="Publish").click()
    expect(section.get_by_text("Choose one to five stars.")).to_be_visible()
    expect(section.get_by_label("What should others know?")).to_have_value("Clear and short.")
    expect(section).not_to_have_attribute("aria-busy", "true")
    expect(section.get_by_role("radio").first).to_be_focused()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(section.get_by_role("radio", name=re.compile("4 of 5"))).to_be_checked()
    section.get_by_role("button", name="Publish").click()
    expect(page.get_by_role("status").get_by_text("Your review is published")).to_be_visible()
    expect(page.locator("#course-rating")).to_contain_text("3.3")
    expect(page.locator("#review-own")).to_be_focused()

    section.get_by_role("link", name="Edit").click()
    section.get_by_role("link", name="Cancel").click()
    expect(section.get_by_role("link", name="Edit")).to_be_focused()

    right = section.get_by_role("article", name="Una")
    right.get_by_role("button", name="Helpful").click()
    expect(right.get_by_role("button", name=re.compile("Helpful.*1"))).to_be_focused()
    expect(right.get_by_role("button", name="Helpful")).to_have_attribute("aria-pressed", "true")

    section.get_by_role("link", name="Lowest rated").click()
    expect(page).to_have_url(re.compile(r"reviews_sort=lowest$"))
    expect(section.get_by_role("article").nth(1)).to_contain_text("Buy shoes.")

    section.get_by_role("article", name="Nia").get_by_role("link", name="Report").click()
    assert violations(page, "#reviews") == []
    section.get_by_label("It’s advertising or spam").check()
    section.get_by_role("button", name="Report").click()
    expect(section.get_by_label("It’s advertising or spam")).to_have_count(0)
    expect(section.get_by_text("Buy shoes.")).to_be_visible()  # until an admin has decided
    expect(page.locator("#course-rating")).to_contain_text("3.3")

    section.get_by_role("link", name="Delete").click()
    section.get_by_role("link", name="Keep review").click()
    section.get_by_role("link", name="Delete").click()
    section.get_by_role("button", name="Delete review").click()
    expect(section.get_by_role("link", name="Write a review")).to_be_visible()
    expect(page.locator("#course-rating")).to_contain_text("3.0")
    assert page.evaluate("window.here") is True, "the page was never left"
    page.set_viewport_size(DESK)  # type: ignore[arg-type]
    assert violations(page, "#reviews") == []


def test_without_javascript_the_same_takes_pages(
    house: House, visitor: Visitor, cast: Cast, reviewed: None
) -> None:
    page = visitor(javascript=False)
    sign_in(page, "bo@example.com")
    page.goto("/courses/flask-first-steps")
    page.get_by_role("link", name="Write a review").click()
    page.locator("[name=rating][value='2']").check(force=True)
    page.get_by_label("What should others know?").fill("Too short.")
    page.get_by_role("button", name="Publish").click()
    expect(page.locator("#review-own")).to_contain_text("Too short.")
    page.get_by_role("article", name="Una").get_by_role("button", name="Helpful").click()
    expect(page.get_by_role("article", name="Una").get_by_role("button")).to_have_attribute(
        "aria-pressed", "true"
    )
    page.get_by_role("article", name="Nia").get_by_role("link", name="Report").click()
    page.get_by_label("It’s advertising or spam").check()
    page.get_by_role("button", name="Report").click()
    expect(page.get_by_text("Buy shoes.")).to_be_visible()
    page.locator("#review-own").get_by_role("link", name="Delete").click()
    page.get_by_role("button", name="Delete review").click()
    expect(page.locator("#reviews").get_by_role("link", name="Write a review")).to_be_visible()

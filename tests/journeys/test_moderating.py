"""A creator submits, an admin looks at it in place and decides: with the keyboard, and without JavaScript."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from domain.authoring import submission
from domain.community import reviews
from models import Course, Lesson, LessonKind, ReportReason, Review, UpdateState, User, db
from tests.accessibility import DESK, Window, look_every_way, tried_with
from tests.cast import Cast
from tests.decisions import carried_out_at_once  # noqa: F401
from tests.journeys import films
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import Visitor, sign_in

pytestmark = pytest.mark.usefixtures("carried_out_at_once")


def publish_page(course: Course) -> str:
    return f"/studio/courses/{course.id}/publish"


def something_of_each(house: House, cast: Cast) -> None:
    """A course, an update with a changed text, and a reported review wait."""
    with house.app.app_context():
        review = Review(user_id=cast.bo.id, product_id=cast.flask_course.id, rating=1, comment="Buy shoes.")
        db.session.add(review)
        db.session.flush()
        reviews.report(db.session.get_one(User, cast.cy.id), review, ReportReason.SPAM, "Shoes.")
        nia = db.session.get_one(User, cast.nia.id)
        submission.submit(db.session.get_one(Course, cast.draft_course.id), nia)
        course = db.session.get_one(Course, cast.flask_course.id)
        course.creator_id, course.update_state = nia.id, UpdateState.EDITING
        db.session.get_one(Lesson, cast.video_lesson.id).kind = LessonKind.TEXT
        db.session.get_one(Lesson, cast.text_lesson.id).draft = {"body": "Some *text*.\n\nAnd more."}
        db.session.flush()
        submission.submit_update(course, nia)
        db.session.commit()


@tried_with("no-js-phone")
def test_a_course_goes_back_and_forth_and_on_sale(
    house: House, visitor: Visitor, cast: Cast, window: Window
) -> None:
    nia = visitor(**window)
    sign_in(nia, "nia@example.com")
    nia.goto(publish_page(cast.draft_course))
    nia.get_by_role("button", name="Submit for review").click()
    expect(nia.get_by_role("heading", name="In review")).to_be_visible()

    mo = visitor(**window)
    sign_in(mo, "mo@example.com")
    mo.goto("/admin/moderation")
    mo.get_by_role("button", name="Start with the oldest").click()
    expect(mo.get_by_text("claimed by you")).to_be_visible()
    expect(mo.get_by_text("Some text.")).to_be_visible()
    mo.get_by_label("Notes").fill("Please add a second lesson.")
    mo.get_by_role("button", name="Request changes").click()
    expect(mo.get_by_role("heading", name="The queue is empty")).to_be_visible()

    nia.reload()
    expect(nia.get_by_text("Please add a second lesson.").first).to_be_visible()
    nia.get_by_role("button", name="Submit for review").click()
    expect(nia.get_by_role("heading", name="In review")).to_be_visible()
    mo.goto("/admin/moderation")
    mo.get_by_role("link", name="Secret draft").click()
    if window["javascript"]:
        expect(mo.locator("[data-keys]")).to_be_visible()  # the keys are listened to from then on
        awake(mo)
        mo.keyboard.press("a")
    else:
        mo.get_by_role("button", name="Approve").click()
    expect(mo.get_by_role("heading", name="The queue is empty")).to_be_visible()
    stranger = visitor(**window)
    stranger.goto("/courses/secret-draft")
    expect(stranger.get_by_role("heading", name="Secret draft", level=1)).to_be_visible()


def test_the_keys_walk_and_write(house: House, visitor: Visitor, cast: Cast) -> None:
    something_of_each(house, cast)
    mo = visitor(viewport=DESK)
    sign_in(mo, "mo@example.com")
    mo.goto("/admin/moderation")
    expect(mo.locator("[data-keys]")).to_be_visible()
    mo.keyboard.press("j")
    mo.keyboard.press("j")
    mo.keyboard.press("k")
    expect(mo.get_by_role("link", name="Flask, first steps").first).to_be_focused()
    mo.goto("/admin/moderation?kind=update")
    mo.get_by_role("link", name="Flask, first steps").click()
    expect(mo.locator("#lesson-title")).to_have_text("Routes")
    expect(mo.locator(".diff ins").last).to_have_text("And more.")
    expect(mo.locator("[data-keys]")).to_be_visible()
    mo.keyboard.press("k")
    expect(mo.locator("#lesson-title")).to_have_text("Hello, Flask")
    mo.go_back()
    expect(mo.locator("#lesson-title")).to_have_text("Routes")
    mo.keyboard.press("c")
    expect(mo.get_by_label("Notes")).to_be_focused()
    mo.keyboard.type("and jack")
    expect(mo.get_by_label("Notes")).to_have_value("and jack")
    expect(mo.locator("#lesson-title")).to_have_text("Routes")


@pytest.mark.parametrize(
    "early",
    [
        "document.querySelector('[data-key=a]')?.click()",
        "document.body.dispatchEvent(new KeyboardEvent('keydown', {key: 'a', bubbles: true}))",
    ],
    ids=["click", "key"],
)
def test_a_click_or_key_at_the_opening_of_an_item_decides_nothing(
    house: House, visitor: Visitor, cast: Cast, early: str
) -> None:
    something_of_each(house, cast)
    mo = visitor()
    sign_in(mo, "mo@example.com")
    waiting = len(queued(mo))
    mo.add_init_script(f"addEventListener('DOMContentLoaded', () => {{ {early} }})")
    mo.get_by_role("link", name="Secret draft").click()
    expect(mo.locator("[data-keys]")).to_be_visible()
    awake(mo)
    expect(mo.get_by_role("heading", level=1)).to_have_text("Secret draft")
    mo.keyboard.press("a")
    expect(mo.get_by_role("heading", level=1)).not_to_have_text("Secret draft")
    expect(mo.get_by_role("heading", name="Decide")).to_be_visible()
    awake(mo)
    assert len(queued(mo)) == waiting - 1, "nor about the one that follows"


@pytest.mark.once
def test_buttons_of_a_decision_take_no_click_at_first(house: House, visitor: Visitor, cast: Cast) -> None:
    something_of_each(house, cast)
    mo = visitor(javascript=False)
    sign_in(mo, "mo@example.com")
    mo.goto(queued(mo)[0])
    taken = mo.locator("[data-key=a]").evaluate(
        """button => {
          button.style.animation = 'none';
          button.getAnimations();
          button.style.animation = '';
          const [held] = button.getAnimations();
          held.pause();
          return [0, 600, 800].map(moment => {
            held.currentTime = moment;
            return getComputedStyle(button).pointerEvents;
          });
        }"""
    )
    assert taken == ["none", "none", "auto"]


@pytest.mark.once
def test_the_pages_are_accessible(house: House, visitor: Visitor, cast: Cast, tmp_path: Path) -> None:
    films.shoot(tmp_path / "film.mp4")
    films.show(house.app, cast.video_lesson.id, tmp_path / "film.mp4")
    something_of_each(house, cast)
    mo = visitor(bypass_csp=True)
    sign_in(mo, "mo@example.com")
    addresses = ["/admin/moderation", "/admin/moderation/history", "/admin/expiring"]
    addresses += [*queued(mo), publish_page(cast.draft_course), publish_page(cast.flask_course)]
    problems = [problem for address in addresses for problem in look_every_way(mo, address)]
    assert problems == []


def awake(page: Page) -> None:
    """Wait until the buttons of the decision take a click."""
    expect(page.locator("[data-key=a]")).to_have_css("pointer-events", "auto")


def queued(page: Page) -> list[str]:
    """The addresses of what waits."""
    page.goto("/admin/moderation")
    return [str(link.get_attribute("href")) for link in page.locator("[data-walk]").all()]

"""A page stays open while its person signs out, in again or as somebody else: nothing typed is lost."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, Route, expect
from sqlalchemy import func, select

from domain.people import sessions
from models import Lesson, LessonProgress, Resource, Review, ReviewVote, User, WishlistItem, db
from storage import partial_uploads
from tests import effort
from tests.accessibility import Window, every_way, look_every_way, tried_with
from tests.cast import PASSWORD, Cast
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import Visitor, sign_in, sign_in_by_hand

COURSE = "/courses/flask-first-steps"
LESSON = "/learn/flask-first-steps/routes"
AUTOSAVE_WAIT = 3000  # ms without typing, as in autosave.js


def leave(context: BrowserContext) -> None:
    """Sign out in another tab, without its page telling the others."""
    token = context.request.get("/session/token").json()["token"]
    context.request.post("/logout", form={"csrf_token": token})


def expire(house: House, user: User) -> None:
    with house.app.app_context():
        sessions.end_all(db.session.get_one(User, user.id))
        db.session.commit()


def count(house: House, model: type, *conditions: object) -> int:
    with house.app.app_context():
        return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0  # type: ignore[arg-type]


def is_whole(page: Page) -> None:
    """Whether no page has landed in the page."""
    expect(page.locator("h1")).to_have_count(1)
    expect(page.locator("main")).to_have_count(1)


def becomes(page: Page, is_so: Callable[[], bool]) -> None:
    """Wait for what the page does to be true in the database."""
    for _ in range(100):
        if is_so():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it never came")


def sign_in_beside(page: Page, place: Locator, email: str) -> None:
    """Press the link "Sign in" at `place`, and do so in the tab that it opens."""
    with page.context.expect_page() as opened:
        place.get_by_role("link", name="Sign in").click()
    beside = opened.value
    beside.get_by_label("Email").fill(email)
    beside.get_by_label("Password", exact=True).fill(PASSWORD)
    beside.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(beside.get_by_role("heading", name="You’re signed in again")).to_be_visible()


def press_complete(page: Page) -> None:
    page.get_by_role("button", name="Mark complete").click()


def press_wish(page: Page) -> None:
    page.locator("#wish button").click()


def press_helpful(page: Page) -> None:
    page.get_by_role("button", name="Helpful").first.click()


def press_publish(page: Page) -> None:
    page.get_by_role("link", name="Write a review").click()
    page.get_by_text("5 of 5").locator("..").click()
    page.locator("#comment").fill("Clear and kind words.")


PRESSES: dict[str, tuple[str, Callable[[Page], None], Callable[[House, Cast], int]]] = {
    "complete": (
        LESSON,
        press_complete,
        lambda house, cast: count(house, LessonProgress, LessonProgress.completed_at.is_not(None)),
    ),
    "wish": (
        "/courses/reading-code",
        press_wish,
        lambda house, cast: count(house, WishlistItem, WishlistItem.user_id == cast.bo.id),
    ),
    "helpful": (COURSE, press_helpful, lambda house, cast: count(house, ReviewVote)),
    "publish": (
        COURSE,
        lambda page: page.get_by_role("button", name="Publish").click(),
        lambda house, cast: count(house, Review, Review.user_id == cast.bo.id),
    ),
}


@pytest.fixture
def review(house: House, cast: Cast) -> None:
    with house.app.app_context():
        db.session.add(Review(user_id=cast.cy.id, product_id=cast.flask_course.id, rating=4, comment="Good."))
        db.session.commit()


@pytest.mark.usefixtures("review")
@pytest.mark.parametrize("name", effort.cases(PRESSES, ("complete", "publish")))
def test_a_press_after_signing_out_and_in_again_is_sent_with_a_fresh_token(
    house: House, visitor: Visitor, cast: Cast, name: str
) -> None:
    address, press, done = PRESSES[name]
    page = visitor()
    sign_in(page, "bo@example.com")
    page.goto(address)
    if name == "publish":
        press_publish(page)
    leave(page.context)
    sign_in(page, "bo@example.com")
    before = done(house, cast)
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        press(page)
    becomes(page, lambda: done(house, cast) == before + 1)
    is_whole(page)
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.usefixtures("review")
@pytest.mark.parametrize(
    ("name", "ended"),
    effort.cases(
        (("complete", "left"), ("wish", "expired"), ("publish", "expired"), ("helpful", "left")),
        (("wish", "expired"), ("helpful", "left")),
    ),
)
def test_who_is_signed_out_signs_in_beside_the_page_and_it_goes_on(
    house: House, visitor: Visitor, cast: Cast, name: str, ended: str
) -> None:
    address, press, done = PRESSES[name]
    page = visitor()
    sign_in(page, "bo@example.com")
    page.goto(address)
    if name == "publish":
        press_publish(page)
    if ended == "left":
        leave(page.context)
    else:
        expire(house, cast.bo)
    before = done(house, cast)
    press(page)
    expect(page.get_by_role("dialog", name="You’re signed out")).to_be_visible()
    is_whole(page)
    if name == "publish":
        expect(page.locator("#comment")).to_have_value("Clear and kind words.")
    with page.expect_response(lambda answer: answer.request.method == "POST" and answer.ok):
        sign_in_beside(page, page.get_by_role("dialog"), "bo@example.com")
    expect(page.get_by_role("dialog")).to_have_count(0)
    becomes(page, lambda: done(house, cast) == before + 1)
    is_whole(page)


@pytest.mark.parametrize("name", effort.cases(("wish", "publish"), ("publish",)))
def test_nothing_is_done_in_the_name_of_another_person(
    house: House, visitor: Visitor, cast: Cast, name: str
) -> None:
    address, press, done = PRESSES[name]
    page = visitor()
    sign_in(page, "bo@example.com")
    page.goto(address)
    if name == "publish":
        press_publish(page)
    leave(page.context)
    sign_in(page, "cy@example.com")
    press(page)
    dialog = page.get_by_role("dialog", name="You’re now signed in as Cy")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Not now").click()
    expect(dialog).to_have_count(0)
    is_whole(page)
    assert done(house, cast) == 0
    assert count(house, WishlistItem, WishlistItem.user_id == cast.cy.id) == 0
    if name == "publish":
        expect(page.locator("#comment")).to_have_value("Clear and kind words.")


@pytest.mark.usefixtures("review")
def test_what_is_gone_is_said_and_the_page_stays(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "bo@example.com")
    page.goto(COURSE)
    with house.app.app_context():
        db.session.delete(db.session.scalars(select(Review)).one())
        db.session.commit()
    press_helpful(page)
    expect(page.get_by_text("That’s no longer here.")).to_be_visible()
    expect(page.get_by_role("button", name="Helpful").first).to_be_visible()
    is_whole(page)


def test_no_page_of_whoever_stands_in_between_lands_in_the_page(visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "bo@example.com")
    html = "<!DOCTYPE html><html><body><h1>Proxy says no</h1></body></html>"
    statuses = [400, 403, 404, 405, 409, 413, 422, 429, 502]
    left = iter(statuses)
    answer = {"content_type": "text/html", "body": html}
    page.route("**/wish", lambda route: route.fulfill(status=next(left), **answer))
    for status in statuses:
        page.goto("/courses/reading-code")
        with page.expect_response("**/wish") as answered:
            press_wish(page)
        assert answered.value.status == status
        expect(page.locator(".toast.is-bad"), str(status)).to_have_count(1)
        expect(page.get_by_text("Proxy says no"), str(status)).to_have_count(0)
        expect(page.locator("#wish button"), str(status)).to_be_visible()
        is_whole(page)


@tried_with("no-js-phone")
def test_a_plain_form_is_kept_and_sent_after_signing_in(
    house: House, visitor: Visitor, cast: Cast, window: Window
) -> None:
    page = visitor(**window)
    sign_in(page, "nia@example.com")
    page.goto(f"/studio/courses/{cast.draft_course.id}/lessons/{cast.draft_lesson.id}")
    page.locator("#body").fill("\nTyped for an hour.\n\n    code\n")
    expire(house, cast.nia)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("What you typed is saved")).to_be_visible()
    page.get_by_label("Email").fill("nia@example.com")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="Not sent yet")).to_be_visible()
    expect(page.get_by_label("Text", exact=True)).to_have_value("\nTyped for an hour.\n\n    code\n")
    page.get_by_role("button", name="Send it now").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    with house.app.app_context():
        lesson = db.session.get_one(Lesson, cast.draft_lesson.id)
        assert "Typed for an hour.\n\n    code" in lesson.body


def test_a_plain_form_without_script_after_signing_in_again_elsewhere(
    house: House, visitor: Visitor, cast: Cast
) -> None:
    page = visitor(javascript=False)
    sign_in(page, "bo@example.com")
    page.goto(f"{COURSE}/review")
    page.get_by_text("5 of 5").locator("..").click()
    page.locator("#comment").fill("Clear and kind words.")
    leave(page.context)
    sign_in(page, "bo@example.com")
    page.get_by_role("button", name="Publish").click()
    expect(page.get_by_label("What should others know?")).to_have_value("Clear and kind words.")
    page.get_by_role("button", name="Send it now").click()
    expect(page.get_by_text("Thanks. Your review is published.")).to_be_visible()


@pytest.mark.parametrize("ended", ["left", "expired", "anew"])
def test_autosave_says_that_one_is_signed_out_and_goes_on_afterwards(
    house: House, visitor: Visitor, cast: Cast, ended: str
) -> None:
    page = visitor()
    page.clock.install()
    sign_in(page, "nia@example.com")
    page.goto(f"/studio/courses/{cast.draft_course.id}/lessons/{cast.draft_lesson.id}")
    if ended == "expired":
        expire(house, cast.nia)
    else:
        leave(page.context)
    if ended == "anew":
        sign_in(page, "nia@example.com")
    page.locator("#body").press_sequentially("Typed while signed out. ")
    page.clock.fast_forward(AUTOSAVE_WAIT)
    status = page.locator("[data-autosave-status]")
    if ended != "anew":
        expect(status).to_contain_text("You’re signed out. Your text stays on this page.")
        sign_in_beside(page, status, "nia@example.com")
    expect(status).to_contain_text("Saved")
    with house.app.app_context():
        lesson = db.session.get_one(Lesson, cast.draft_lesson.id)
        assert lesson.typed is not None
        assert "Typed while signed out." in lesson.typed["values"]["body"]
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved.", exact=True)).to_be_visible()


def test_autosave_says_that_somebody_else_is_signed_in(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    page.clock.install()
    sign_in(page, "nia@example.com")
    page.goto(f"/studio/courses/{cast.draft_course.id}/lessons/{cast.draft_lesson.id}")
    leave(page.context)
    sign_in(page, "ada@example.com")
    page.locator("#body").press_sequentially("Mine.")
    page.clock.fast_forward(AUTOSAVE_WAIT)
    expect(page.locator("[data-autosave-status]")).to_contain_text("You’re now signed in as Ada.")


def test_an_upload_waits_while_one_is_signed_out(
    house: House, visitor: Visitor, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CHUNK", "BLOCK"):
        monkeypatch.setattr(partial_uploads, name, 64 * 1024)
    notes = tmp_path / "notes.txt"
    notes.write_bytes(b"A line of notes.\n" * 20_000)
    page = visitor()
    sign_in(page, "nia@example.com")
    page.goto(f"/studio/courses/{cast.draft_course.id}/lessons/{cast.draft_lesson.id}")
    gone: list[str] = []

    def sign_out_half_way(route: Route) -> None:
        if "offset=131072" in route.request.url and not gone:
            gone.append(route.request.url)
            expire(house, cast.nia)
        route.continue_()

    page.route("**/studio/uploads/**", sign_out_half_way)
    form = page.locator(".uploader").filter(has=page.get_by_label("Files", exact=True))
    form.get_by_label("Files", exact=True).set_input_files(notes)
    expect(form.get_by_text("You’re signed out. The upload is paused.")).to_be_visible()
    sign_in_beside(page, form, "nia@example.com")
    expect(page.get_by_label("Title of notes")).to_be_visible()
    assert count(house, Resource) >= 1


def test_a_preview_is_shown_again_after_signing_in(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "nia@example.com")
    page.goto(f"/studio/courses/{cast.draft_course.id}/lessons/{cast.draft_lesson.id}")
    leave(page.context)
    page.locator("#body").fill("**Bold** words")
    page.get_by_role("button", name="Preview").first.click()
    expect(page.locator(".markdown-bar [role=status]").first).to_have_text("You’re signed out.")
    sign_in(page, "nia@example.com")
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(page.locator(".markdown-preview strong").first).to_have_text("Bold")


def test_a_page_learns_of_a_new_session_from_another_tab(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "bo@example.com")
    page.goto("/account")
    leave(page.context)
    old = page.locator("main input[name=csrf_token]").first.input_value()
    second = page.context.new_page()
    sign_in_by_hand(second, "bo@example.com")
    page.wait_for_function(
        "old => document.querySelector('main input[name=csrf_token]').value !== old", arg=old
    )
    page.get_by_label("Name").first.fill("Bo Bright")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Account of Bo Bright")).to_have_count(1)
    with house.app.app_context():
        assert db.session.get_one(User, cast.bo.id).name == "Bo Bright"


@pytest.mark.once
def test_what_is_kept_is_shown_accessibly(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor(bypass_csp=True)
    sign_in(page, "nia@example.com")
    page.goto(f"/studio/courses/{cast.draft_course.id}/lessons/{cast.draft_lesson.id}")
    page.locator("#body").fill("Clear and kind words. " * 30 + "x" * 300)
    expire(house, cast.nia)
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("What you typed is saved")).to_be_visible()
    problems = every_way(page)
    sign_in(page, "nia@example.com")
    page.reload()
    expect(page.get_by_role("heading", name="Not sent yet")).to_be_visible()
    problems += every_way(page)
    address = page.url
    problems += look_every_way(page, "/session/back")
    leave(page.context)
    sign_in(page, "cy@example.com")
    page.goto(address)
    expect(page.get_by_role("heading", name="You’re now signed in as Cy")).to_be_visible()
    problems += every_way(page)
    page.goto("/courses/reading-code")
    leave(page.context)
    press_wish(page)
    expect(page.get_by_role("dialog", name="You’re signed out")).to_be_visible()
    assert problems + every_way(page) == []

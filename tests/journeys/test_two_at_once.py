"""Two tabs at one lesson, two admins at one course, a line that drops, an account that is closed."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from domain.authoring import submission
from domain.people import suspension
from models import Course, User, db
from storage import partial_uploads
from tests.accessibility import Window, tried_with
from tests.cast import Cast
from tests.decisions import carried_out_at_once  # noqa: F401
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import Visitor, sign_in

pytestmark = [pytest.mark.usefixtures("carried_out_at_once"), pytest.mark.everywhere]


def editor_of(cast: Cast) -> str:
    return f"/studio/courses/{cast.draft_course.id}/lessons/{cast.draft_lesson.id}"


@tried_with("js-desk")
def test_two_tabs_save_one_lesson_and_nothing_is_lost(
    house: House, visitor: Visitor, cast: Cast, window: Window
) -> None:
    first = visitor(**window)
    sign_in(first, "nia@example.com")
    second = first.context.new_page()
    for page in (first, second):
        page.goto(editor_of(cast))
    save(second, "From the second tab.")
    expect(second.get_by_text("Saved.")).to_be_visible()
    save(first, "From the first tab.")
    warning = first.get_by_role("region", name="This lesson was changed elsewhere since you opened it")
    expect(warning).to_be_visible()
    expect(warning.get_by_text("From the second tab.")).to_be_visible()
    expect(first.locator("#body")).to_have_value("From the first tab.")
    first.get_by_role("button", name="Save mine instead").click()
    expect(first.get_by_text("Saved.")).to_be_visible()
    second.reload()
    expect(second.locator("#body")).to_have_value("From the first tab.")


def save(page: Page, text: str) -> None:
    page.locator("#body").fill(text)
    page.get_by_role("button", name="Save", exact=True).click()


@tried_with("no-js-desk")
def test_two_admins_at_one_course(house: House, visitor: Visitor, cast: Cast, window: Window) -> None:
    with house.app.app_context():
        db.session.get_one(User, cast.cy.id).role = cast.mo.role
        nia = db.session.get_one(User, cast.nia.id)
        submission.submit(db.session.get_one(Course, cast.draft_course.id), nia)
        db.session.commit()
    mo, cy = visitor(**window), visitor(**window)
    for page, email in ((mo, "mo@example.com"), (cy, "cy@example.com")):
        sign_in(page, email)
        page.goto("/admin/moderation")
        page.get_by_role("link", name="Secret draft").click()
        expect(page.get_by_role("button", name="Approve")).to_be_visible()
    mo.get_by_role("button", name="Claim for 15 minutes").click()
    expect(mo.get_by_text("claimed by you")).to_be_visible()
    cy.get_by_role("button", name="Approve").click()
    expect(cy.get_by_text("Mo is reviewing this.").first).to_be_visible()
    expect(cy.get_by_role("button", name="Approve")).to_have_count(0)
    cy.get_by_role("button", name="Take over").click()
    cy.get_by_role("button", name="Approve").click()
    expect(cy.get_by_role("heading", name="The queue is empty")).to_be_visible()
    mo.get_by_label("Notes").fill("Not like this.")
    mo.get_by_role("button", name="Request changes").click()
    expect(mo.get_by_text("Approved", exact=True).first).to_be_visible()
    visitor().goto("/courses/secret-draft")


def test_an_upload_goes_on_where_the_line_dropped(
    house: House, visitor: Visitor, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A piece is lost on the way, then the page is left; the file goes on from what had come."""
    for name in ("CHUNK", "BLOCK"):
        monkeypatch.setattr(partial_uploads, name, 64 * 1024)
    notes = tmp_path / "notes.txt"
    notes.write_bytes(b"A line of notes.\n" * 20_000)
    page = visitor()
    sign_in(page, "nia@example.com")
    lost: list[str] = []
    came: list[str] = []

    def drop(route: Route) -> None:
        address = route.request.url
        if route.request.method != "PUT":
            route.continue_()
        elif "offset=65536" in address and not lost:
            lost.append(address)
            route.abort("connectionreset")
        elif "offset=196608" in address and "leave" not in lost:
            route.abort("connectionreset")
        else:
            came.append(address.rpartition("=")[2])
            route.continue_()

    page.route("**/studio/uploads/**", drop)
    page.goto(editor_of(cast))
    form = page.locator(".uploader").filter(has=page.get_by_label("Files", exact=True))
    form.get_by_label("Files", exact=True).set_input_files(notes)
    expect(form.get_by_text("No connection. Trying again…")).to_be_visible()
    expect(form.get_by_role("progressbar")).to_have_attribute("value", "57")
    expect(form.get_by_text("No connection. Trying again…")).to_be_visible()
    page.once("dialog", lambda dialog: dialog.accept())
    page.goto(editor_of(cast))
    expect(form.get_by_text("Choose the same file to resume.")).to_be_visible()
    lost.append("leave")
    form.get_by_label("Files", exact=True).set_input_files(notes)
    expect(page.get_by_label("Title of notes")).to_be_visible()
    assert len(lost) == 2
    assert came == ["0", "65536", "131072", "196608", "262144", "327680"]


def test_an_open_tab_of_a_suspended_creator_says_why(house: House, visitor: Visitor, cast: Cast) -> None:
    page = visitor()
    sign_in(page, "nia@example.com")
    page.goto(editor_of(cast))
    with house.app.app_context():
        suspension.suspend(
            db.session.get_one(User, cast.nia.id), db.session.get_one(User, cast.mo.id), "Sells keys."
        )
        db.session.commit()
    save(page, "Once more.")
    expect(page.get_by_text("This account is suspended.")).to_be_visible()
    page.goto(f"/studio/courses/{cast.draft_course.id}")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()

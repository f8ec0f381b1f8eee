"""Captions, chapters and a preview film of a live course: changed, thrown away, and reviewed."""

import pytest
from playwright.sync_api import Page, Route, expect

from models import Caption, Course, Lesson, MediaAsset, MediaStatus, UpdateState, User, db
from tests.accessibility import DESK, Window, overflow, tried_with, violations
from tests.cast import Cast
from tests.decisions import carried_out_at_once  # noqa: F401
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import Visitor, sign_in

pytestmark = pytest.mark.usefixtures("carried_out_at_once")

VTT = "WEBVTT\n\n00:00:01.000 --> 00:00:04.000\nThis is {}\n"


def a_film(house: House, cast: Cast) -> str:
    """The editor of a lesson with a film in a live course of Ada's, who isn't vetted; two preview films."""
    with house.app.app_context():
        db.session.get_one(User, cast.ada.id).vetted = False
        db.session.get_one(Course, cast.flask_course.id).update_state = UpdateState.EDITING
        lesson = db.session.get_one(Lesson, cast.video_lesson.id)
        ready = {
            "course_id": cast.flask_course.id, "mp4": "film.mp4", "status": MediaStatus.READY,
            "duration_seconds": 120.0, "filename": "film.mp4", "size": 9_000_000,
        }  # fmt: skip
        film = MediaAsset(
            lesson_id=lesson.id, storage_key="x", chapters=[{"start": 0.0, "title": "Begin"}], **ready
        )
        others = [MediaAsset(storage_key=f"{n}", proposed_film=n == 1, **ready) for n in range(2)]
        db.session.add_all([film, *others])
        db.session.flush()
        db.session.add(Caption(asset_id=film.id, language="en", label="English", vtt=VTT.format("Flask")))
        db.session.commit()
    return f"/studio/courses/{cast.flask_course.id}/lessons/{cast.video_lesson.id}"


def change(page: Page, editor: str) -> None:
    """Other captions and other chapters."""
    page.goto(f"{editor}/captions/en")
    page.get_by_label("Or as text").fill(VTT.format("a shoe shop"))
    page.get_by_role("button", name="Save captions").click()
    page.get_by_role("textbox", name="Chapters").fill("0:00 Begin\n1:00 Shoes")
    page.get_by_role("button", name="Save chapters").click()
    expect(page.get_by_text("Learners see the current chapters until then.")).to_be_visible()


@tried_with("js-phone")
def test_changes_are_thrown_away_or_reviewed(
    house: House, visitor: Visitor, cast: Cast, window: Window
) -> None:
    editor = a_film(house, cast)
    ada = visitor(**window)
    sign_in(ada, "ada@example.com")
    change(ada, editor)
    ada.goto(editor)
    expect(ada.get_by_text("Waiting for approval: captions in English, chapters.")).to_be_visible()
    ada.get_by_role("link", name="Discard changes").click()
    expect(ada.get_by_role("listitem").filter(has_text="Captions in English")).to_be_visible()
    assert not window["javascript"] or violations(ada) + overflow(ada) == []
    ada.get_by_role("button", name="Discard changes").click()
    expect(ada.get_by_role("textbox", name="Chapters")).to_have_value("0:00 Begin")

    change(ada, editor)
    ada.goto(f"/studio/courses/{cast.flask_course.id}/publish")
    ada.get_by_role("button", name="Submit changes").click()
    mo = visitor(**window)
    sign_in(mo, "mo@example.com")
    mo.goto("/admin/moderation")
    mo.get_by_role("link", name="Flask, first steps").click()
    expect(mo.get_by_role("heading", name="Changed preview video")).to_be_visible()
    expect(mo.locator(".film-pair video")).to_have_count(2)
    expect(mo.locator("ins", has_text="This is a shoe shop")).to_be_visible()
    expect(mo.locator("ins", has_text="1:00 Shoes")).to_be_visible()
    assert not window["javascript"] or violations(mo) + overflow(mo) == []
    mo.get_by_label("Notes").fill("No shoes, please.")
    mo.get_by_role("button", name="Request changes").click()
    ada.reload()
    expect(ada.get_by_text("No shoes, please.").first).to_be_visible()


def test_of_two_quick_clicks_the_later_wins(house: House, visitor: Visitor, cast: Cast) -> None:
    with house.app.app_context():
        course = db.session.get_one(Course, cast.flask_course.id)
        first, second = db.session.scalars(
            db.select(Lesson.title).where(
                Lesson.course_id == course.id, Lesson.slug.in_(("routes", "going-live"))
            )
        )
    a_film(house, cast)
    ada = visitor()
    sign_in(ada, "ada@example.com")
    ada.goto(f"/studio/courses/{cast.flask_course.id}/publish")
    ada.get_by_role("button", name="Submit changes").click()
    mo = visitor(viewport=DESK)
    sign_in(mo, "mo@example.com")
    mo.goto("/admin/moderation")
    mo.get_by_role("link", name="Flask, first steps").click()
    held: list[Route] = []
    dropped: list[str] = []
    links = mo.get_by_role("navigation", name="Lessons")
    slow = links.get_by_role("link", name=first).get_attribute("href") or ""
    mo.route(f"**{slow}", lambda route: held.append(route))  # noqa: PLW0108 - a method can't be wrapped
    mo.on("requestfailed", lambda request: dropped.append(request.url))
    links.get_by_role("link", name=first).click()
    links.get_by_role("link", name=second).click()
    expect(mo.locator("#lesson-title")).to_have_text(second)
    expect(links.locator("[aria-current]")).to_contain_text(second)
    assert [route.request.url for route in held] == dropped == [f"{house.url}{slow}"]

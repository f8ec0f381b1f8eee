"""The lesson page in a real browser: playing, keys, captions, transcript, ticks, and films of others."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from sqlalchemy import select, update

from models import Caption, Lesson, LessonProgress, Resource, db
from tests.accessibility import PHONE, every_way, look_every_way
from tests.cast import Cast
from tests.journeys import films
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in, until

Visitor = Callable[..., Page]
FILM = "/learn/flask-first-steps/forms-on-film"
VIDEO = "document.querySelector('video')"


@pytest.fixture
def seconds() -> int:
    """How long the film is; parametrized where a shorter one does."""
    return films.SECONDS


@pytest.fixture
def lesson(house: House, visitor: Visitor, cast: Cast, tmp_path: Path, seconds: int) -> Page:
    """A window on a lesson with a film, its first frame there, its sound off."""
    films.shoot(tmp_path / "film.mp4", seconds)
    films.show(house.app, cast.video_lesson.id, tmp_path / "film.mp4", seconds)
    with house.app.app_context():
        english = db.session.scalars(select(Caption)).one()
        german = english.vtt.replace("Then it crosses the middle", "Dann in der Mitte")
        db.session.add(Caption(asset_id=english.asset_id, language="de", label="Deutsch", vtt=german))
        db.session.commit()
    page = visitor()
    sign_in(page, "bo@example.com")
    page.goto(FILM)
    until(page, f"{VIDEO}.readyState > 1")
    page.evaluate(f"{VIDEO}.muted = true")
    return page


@pytest.mark.parametrize("seconds", [8])
def test_watching_a_film_to_its_end_ticks_it_without_a_reload(house: House, lesson: Page, cast: Cast) -> None:
    lesson.evaluate("window.sameDocument = true")
    lesson.evaluate(f"{VIDEO}.playbackRate = 3; {VIDEO}.play()")
    expect(lesson.get_by_role("button", name="Completed")).to_be_visible(timeout=20_000)
    expect(lesson.locator("#lesson-plan")).to_contain_text("1 of 4 lessons")
    expect(lesson.get_by_text("Lesson completed.")).to_be_visible()
    assert lesson.evaluate("window.sameDocument") is True
    with house.app.app_context():
        row = db.session.scalars(select(LessonProgress)).one()
        assert row.watched_seconds >= 7
        assert row.completed_at is not None


def test_leaving_the_page_keeps_the_place(house: House, lesson: Page, cast: Cast) -> None:
    lesson.evaluate(f"{VIDEO}.play()")
    until(lesson, f"{VIDEO}.currentTime > 1")
    with lesson.expect_response(re.compile("heartbeat")):
        lesson.evaluate(f"{VIDEO}.pause()")
    lesson.evaluate(f"{VIDEO}.currentTime = 15")
    lesson.goto("/learn")
    for _ in range(50):
        with house.app.app_context():
            place = db.session.scalars(select(LessonProgress.position_seconds)).one()
        if place == 15:
            break
        lesson.wait_for_timeout(100)
    assert place == 15


def test_keys_play_jump_and_can_be_switched_off(lesson: Page) -> None:
    lesson.keyboard.press("k")
    until(lesson, f"!{VIDEO}.paused")
    lesson.keyboard.press("k")
    until(lesson, f"{VIDEO}.paused")
    lesson.keyboard.press("5")
    until(lesson, f"Math.abs({VIDEO}.currentTime - 12) < 0.5")
    lesson.keyboard.press("l")
    until(lesson, f"Math.abs({VIDEO}.currentTime - 22) < 0.5")
    lesson.keyboard.press("ArrowLeft")
    until(lesson, f"Math.abs({VIDEO}.currentTime - 17) < 0.5")
    lesson.keyboard.press(">")
    assert lesson.evaluate(f"{VIDEO}.playbackRate") == 1.25
    lesson.get_by_label("Search courses").press("5")
    lesson.wait_for_timeout(100)
    assert lesson.evaluate(f"Math.abs({VIDEO}.currentTime - 17) < 0.5")
    lesson.get_by_label("Search courses").evaluate("field => field.blur()")
    lesson.get_by_role("button", name="Shortcuts").click()
    lesson.get_by_label("Use these shortcuts on lesson pages").uncheck()
    lesson.get_by_role("button", name="Close").click()
    lesson.get_by_role("heading", level=1).click()
    lesson.keyboard.press("1")
    lesson.wait_for_timeout(100)
    assert lesson.evaluate(f"Math.abs({VIDEO}.currentTime - 17) < 0.5")


def test_speed_and_captions_are_remembered(lesson: Page) -> None:
    lesson.get_by_label("Speed").select_option("1.5")
    lesson.get_by_label("Captions").select_option("de")
    lesson.reload()
    until(lesson, f"{VIDEO}.readyState > 0")
    assert lesson.evaluate(f"{VIDEO}.playbackRate") == 1.5
    showing = f"[...{VIDEO}.textTracks].filter(t => t.mode === 'showing').map(t => t.language).join()"
    until(lesson, f"{showing} === 'de'")
    lesson.keyboard.press("c")
    until(lesson, f"{showing} === ''")
    lesson.keyboard.press("c")
    until(lesson, f"{showing} === 'de'")


def test_the_transcript_follows_and_only_its_list_scrolls(lesson: Page) -> None:
    lesson.get_by_text("Transcript · English").click()
    lesson.get_by_text("Transcript · Deutsch").click()
    before = lesson.evaluate("scrollY")
    lesson.evaluate(f"{VIDEO}.currentTime = 9")
    for text in ("Then it crosses the middle", "Dann in der Mitte"):
        line = lesson.get_by_role("link", name=re.compile(text), include_hidden=True)
        expect(line).to_have_attribute("aria-current", "true")
    chapter = lesson.get_by_role("link", name=re.compile("Right"))
    expect(chapter).not_to_have_attribute("aria-current", "true")
    chapter.click()
    until(lesson, f"Math.abs({VIDEO}.currentTime - 12) < 2")
    expect(chapter).to_have_attribute("aria-current", "true")
    assert lesson.evaluate("scrollY") == before


def test_marking_keeps_the_focus_and_the_film(lesson: Page) -> None:
    lesson.evaluate(f"{VIDEO}.currentTime = 6")
    lesson.get_by_role("button", name="Mark complete").focus()
    lesson.keyboard.press("Enter")
    undo = lesson.get_by_role("button", name="Completed")
    expect(undo).to_be_visible()
    expect(undo).to_be_focused()
    assert lesson.evaluate(f"{VIDEO}.currentTime") == 6
    undo.press("Enter")
    expect(lesson.get_by_role("button", name="Mark complete")).to_be_focused()
    expect(lesson.locator("#lesson-plan")).to_contain_text("0 of 4 lessons")


def test_a_film_of_others_is_asked_for_only_on_a_click(house: House, visitor: Visitor, cast: Cast) -> None:
    with house.app.app_context():
        outside = {"external_video_url": "https://vimeo.com/123456789"}
        db.session.execute(update(Lesson).where(Lesson.id == cast.video_lesson.id).values(**outside))
        db.session.commit()
    page = visitor()
    foreign: list[str] = []
    page.route(
        lambda url: not url.startswith(house.url),
        lambda route: (foreign.append(route.request.url), route.fulfill(body="a film")),
    )
    sign_in(page, "bo@example.com")
    page.goto(FILM)
    play = page.get_by_role("button", name="Play the video from Vimeo")
    expect(play).to_be_visible()
    assert foreign == []
    play.click()
    expect(page.locator("iframe")).to_have_attribute("title", "Forms on film")
    until(page, "document.querySelector('iframe') !== null")
    page.wait_for_timeout(300)
    assert foreign == ["https://player.vimeo.com/video/123456789?autoplay=1&dnt=1"]


def test_everything_can_be_done_without_javascript(
    house: House, visitor: Visitor, cast: Cast, tmp_path: Path
) -> None:
    films.shoot(tmp_path / "film.mp4")
    films.show(house.app, cast.video_lesson.id, tmp_path / "film.mp4")
    page = visitor(javascript=False, viewport=PHONE)
    sign_in(page, "bo@example.com")
    page.goto("/learn")
    page.get_by_role("link", name="Flask, first steps").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Flask")
    for title in ("Routes", "Forms on film", "Going live"):
        page.get_by_role("button", name="Mark complete").click()
        page.get_by_role("link", name="Next").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
    page.goto(FILM)
    page.get_by_role("link", name=re.compile("Right")).click()
    expect(page.locator("video source").first).to_have_attribute("src", re.compile("#t=12$"))
    page.goto("/learn/flask-first-steps/going-live")
    page.get_by_role("button", name="Mark complete").click()
    expect(page.get_by_role("heading", name="You’ve completed this course")).to_be_visible()
    expect(page.get_by_role("link", name="Write a review")).to_be_visible()


@pytest.mark.once
def test_every_state_of_a_lesson_is_accessible_and_fits_a_small_phone(
    house: House, visitor: Visitor, cast: Cast, tmp_path: Path
) -> None:
    films.shoot(tmp_path / "film.mp4")
    films.show(house.app, cast.video_lesson.id, tmp_path / "film.mp4")
    with house.app.app_context():
        outside = {"external_video_url": "https://vimeo.com/123456789", "kind": "video"}
        db.session.execute(update(Lesson).where(Lesson.id == cast.last_lesson.id).values(**outside))
        link = Resource(
            lesson_id=cast.text_lesson.id, title="The docs", kind="link", url="https://example.org"
        )
        db.session.add(link)
        db.session.commit()
    page = visitor(bypass_csp=True)
    sign_in(page, "cy@example.com")
    course = "/learn/flask-first-steps"
    addresses = "/learn", f"{course}/routes", "/learn/reading-code/why-read"
    problems = [problem for address in addresses for problem in look_every_way(page, address)]
    page.context.clear_cookies()
    sign_in(page, "bo@example.com")
    problems += look_every_way(page, f"{course}/going-live")
    for slug in ("hello-flask", "routes", "forms-on-film", "going-live"):
        page.goto(f"{course}/{slug}")
        page.get_by_role("button", name="Mark complete").click()
        expect(page.get_by_role("button", name="Completed")).to_be_visible()
    problems += look_every_way(page, f"{course}/routes") + look_every_way(page, "/learn")
    page.goto(FILM)
    page.get_by_text("Course outline").click()
    page.get_by_text("Transcript").click()
    page.get_by_role("button", name="Shortcuts").click()
    assert problems + every_way(page) == []

"""What the player does when it can't save the place, or its film's address is refused."""

import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect
from sqlalchemy import select, update

from domain.base import clock
from domain.media import recordings
from models import AccessGrant, Course, Lesson, LessonProgress, MediaAsset, db
from tests.accessibility import every_way
from tests.cast import Cast
from tests.journeys import films
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in, until
from tests.journeys.test_signed_out import leave

Visitor = Callable[..., Page]
FILM = "/learn/flask-first-steps/forms-on-film"
VIDEO = "document.querySelector('video')"
SAVING = "[data-saving]"


@pytest.fixture
def lesson(house: House, visitor: Visitor, cast: Cast, tmp_path: Path) -> Page:
    """A window on a lesson with a film, its first frame there, its sound off."""
    films.shoot(tmp_path / "film.mp4")
    films.show(house.app, cast.video_lesson.id, tmp_path / "film.mp4")
    page = visitor()
    sign_in(page, "bo@example.com")
    page.goto(FILM)
    until(page, f"{VIDEO}.readyState > 1")
    page.evaluate(f"{VIDEO}.muted = true")
    return page


def watch(page: Page, begin: float, end: float) -> None:
    """Play a part of the film and pause."""
    page.evaluate(f"{VIDEO}.currentTime = {begin}; {VIDEO}.play()")
    until(page, f"{VIDEO}.currentTime > {end}")
    page.evaluate(f"{VIDEO}.pause()")


def watched(house: House, page: Page, is_so: Callable[[list[list[float]]], bool]) -> list[list[float]]:
    """What the server knows of, once `is_so`."""
    found: list[list[float]] = []
    for _ in range(200):
        with house.app.app_context():
            found = db.session.scalar(select(LessonProgress.watched)) or []
        if is_so(found):
            return found
        page.wait_for_timeout(50)
    raise AssertionError(found)


def test_who_was_signed_out_reads_so_and_nothing_is_lost(house: House, lesson: Page) -> None:
    leave(lesson.context)
    watch(lesson, 1, 3)
    line = lesson.locator(SAVING)
    expect(line).to_contain_text("You’re signed out, so your place isn’t saved.")
    expect(line.get_by_role("link", name="Sign in")).to_have_attribute("target", "_blank")
    watch(lesson, 6, 8)
    assert every_way(lesson) == []
    with house.app.app_context():
        assert db.session.scalar(select(LessonProgress.watched)) is None
    sign_in(lesson, "bo@example.com")
    lesson.evaluate("dispatchEvent(new Event('focus'))")
    expect(line).to_be_hidden()
    found = watched(house, lesson, lambda ranges: len(ranges) == 2)
    assert [round(start) for start, _end in found] == [1, 6]
    assert all(2 <= end - start < 3.5 for start, end in found)


def test_what_was_kept_survives_a_reload(house: House, lesson: Page) -> None:
    leave(lesson.context)
    watch(lesson, 1, 3)
    expect(lesson.locator(SAVING)).to_be_visible()
    sign_in(lesson, "bo@example.com")
    lesson.reload()
    watched(house, lesson, lambda ranges: bool(ranges) and ranges[0][1] - ranges[0][0] >= 2)


def test_without_a_connection_and_on_a_busy_site_stretches_wait(house: House, lesson: Page) -> None:
    line = lesson.locator(SAVING)
    lesson.context.set_offline(True)
    watch(lesson, 1, 3)
    expect(line).to_contain_text("you’re offline")
    lesson.context.set_offline(False)
    expect(line).to_be_hidden()
    watched(house, lesson, lambda ranges: len(ranges) == 1)
    lesson.route(re.compile("/heartbeat"), lambda route: route.fulfill(status=503, body="busy"))
    watch(lesson, 10, 12)
    expect(line).to_contain_text("the site is busy")
    lesson.unroute_all()
    watch(lesson, 15, 16)
    expect(line).to_be_hidden()
    assert len(watched(house, lesson, lambda ranges: len(ranges) == 3)) == 3


def test_who_lost_access_reads_so(house: House, lesson: Page) -> None:
    with house.app.app_context():
        db.session.execute(update(AccessGrant).values(revoked_at=clock.now()))
        db.session.commit()
    watch(lesson, 1, 2)
    expect(lesson.locator(SAVING)).to_contain_text("You no longer have access to this lesson")
    refuse_films(lesson)
    lesson.evaluate(f"{VIDEO}.load()")
    expect(
        lesson.locator(".player-line", has_text="You no longer have access to this video.")
    ).to_be_visible()


def refuse_films(page: Page, times: float = float("inf")) -> list[str]:
    """Refuse the first addresses of films as the server does when they have run out; the list fills."""
    old: list[str] = [page.evaluate(f"{VIDEO}.currentSrc").split("/")[4]]
    refused: list[str] = []

    def answer(route: Route) -> None:
        if old[0] in route.request.url or len(refused) < times != float("inf"):
            refused.append(route.request.url)
            route.fulfill(status=403, body="")
        else:
            route.continue_()

    page.route(re.compile("/media/.*mp4"), answer)
    return refused


def test_a_film_whose_address_ran_out_goes_on_at_the_same_second(
    house: House, lesson: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The next page gives another token: an hour later its end is another.
    monkeypatch.setattr(recordings, "ADDRESS_LIFETIME", timedelta(hours=8))
    lesson.get_by_label("Speed").select_option("1.5")
    lesson.evaluate(f"{VIDEO}.currentTime = 9; {VIDEO}.play()")
    until(lesson, f"{VIDEO}.currentTime > 9.3")
    lesson.get_by_label("Captions").select_option("en")
    before = lesson.evaluate(f"{VIDEO}.currentSrc")
    refused = refuse_films(lesson)
    # What a browser does when the next range is refused in the middle of it.
    lesson.evaluate(f"{VIDEO}.querySelector('source').src += '?again'; {VIDEO}.load()")
    until(lesson, f"{VIDEO}.readyState > 1 && !{VIDEO}.paused && {VIDEO}.currentTime > 9.2")
    assert refused
    assert lesson.evaluate(f"{VIDEO}.currentSrc").split("/")[4] != before.split("/")[4]
    assert lesson.evaluate(f"{VIDEO}.currentTime") < 14
    assert lesson.evaluate(f"{VIDEO}.playbackRate") == 1.5
    track = lesson.evaluate(f"{VIDEO}.querySelector('track').src")
    assert before.split("/")[4] not in track
    assert lesson.evaluate(f"{VIDEO}.textTracks[0].mode") == "showing"


def test_a_film_that_stays_refused_says_so_once(house: House, lesson: Page) -> None:
    pages: list[str] = []
    lesson.on("request", lambda request: pages.append(request.url) if request.url.endswith(FILM) else None)
    lesson.route(re.compile("/media/.*mp4"), lambda route: route.fulfill(status=403, body=""))
    lesson.evaluate(f"{VIDEO}.load()")
    line = lesson.locator(".player-line", has_text="This video can’t be loaded right now.")
    expect(line.get_by_role("link", name="Reload the page")).to_be_visible()
    assert len(pages) == 1


def test_the_preview_film_of_a_course_gets_another_address(
    house: House, visitor: Visitor, cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    films.shoot(tmp_path / "film.mp4", 6)
    films.show(house.app, cast.video_lesson.id, tmp_path / "film.mp4")
    with house.app.app_context():
        db.session.execute(update(MediaAsset).values(lesson_id=None))
        db.session.commit()
        assert db.session.get(Course, cast.flask_course.id)
        assert db.session.get(Lesson, cast.video_lesson.id)
    page = visitor()
    page.goto("/courses/flask-first-steps")
    monkeypatch.setattr(recordings, "ADDRESS_LIFETIME", timedelta(hours=8))
    source = page.evaluate(f"{VIDEO}.querySelector('source').src")
    page.route(lambda url: source.split("/")[4] in url, lambda route: route.fulfill(status=403, body=""))
    page.evaluate(f"{VIDEO}.muted = true; {VIDEO}.play().catch(() => {{}})")
    until(page, f"{VIDEO}.readyState > 1 && !{VIDEO}.paused")
    assert page.evaluate(f"{VIDEO}.currentSrc").split("/")[4] != source.split("/")[4]

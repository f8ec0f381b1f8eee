"""A film or a sound whose address runs out in the middle goes on at the same second, in every form it has."""

import itertools
import re
import tempfile
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from flask import Flask
from playwright.sync_api import Page, Route, expect

import media
import storage
from domain.media import recordings, served_files
from models import Lesson, LessonKind, MediaAsset, MediaKind, MediaStatus, db
from tests import effort
from tests.cast import Cast
from tests.journeys import films
from tests.journeys.conftest import House
from tests.journeys.test_buy_and_learn import sign_in, until
from tests.journeys.test_signed_out import leave

Visitor = Callable[..., Page]
FILM = "/learn/flask-first-steps/forms-on-film"
PLAYED = "document.querySelector('[data-media]')"
FORMS = {"mp4": "video.mp4", "hls": "master.m3u8", "audio": "audio.m4a"}


@cache
def recording(form: str) -> tuple[media.Processed, dict[str, bytes]]:
    """Make a real recording in this form, as the worker makes it, once for all tests."""
    with tempfile.TemporaryDirectory() as name:
        film, folder = Path(name) / "film.mp4", Path(name) / "made"
        films.shoot(film, sound_only=form == "audio")
        made = media.process(film, folder, heights=(180,) if form == "hls" else (), with_poster=False)
        return made, {one.name: (folder / one.name).read_bytes() for one in made.files}


def show(app: Flask, lesson_id: object, form: str) -> int:
    """Make the recording in this form that of the lesson; the size of its MP4."""
    made, contents = recording(form)
    with app.app_context():
        lesson = db.session.get_one(Lesson, lesson_id)
        lesson.kind = LessonKind.AUDIO if form == "audio" else LessonKind.VIDEO
        asset = MediaAsset(
            course_id=lesson.course_id, lesson_id=lesson.id, kind=MediaKind(made.kind), storage_key="",
            mp4=made.mp4, playlist=made.playlist, status=MediaStatus.READY, duration_seconds=made.duration,
        )  # fmt: skip
        db.session.add(asset)
        db.session.flush()
        for one in made.files:
            key = f"{served_files.folder(asset.id)}{one.name}"
            storage.current().put(key, contents[one.name], one.content_type)
        db.session.commit()
    return next(one.size for one in made.files if one.name == made.mp4)


class Window(NamedTuple):
    """A lesson's page, the size of its recording, and how often the page was asked for."""

    page: Page
    size: int
    asked: list[str]


@pytest.fixture
def lesson(form: str, house: House, visitor: Visitor, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> Window:
    """A window on a lesson with a recording, its sound off."""
    size = show(house.app, cast.video_lesson.id, form)
    hours, real = itertools.count(6), recordings._opening

    def opening(path: str) -> str:  # an hour later the next token is another
        monkeypatch.setattr(recordings, "ADDRESS_LIFETIME", timedelta(hours=next(hours)))
        return real(path)

    monkeypatch.setattr(recordings, "_opening", opening)
    window = Window(visitor(), size, [])
    sign_in(window.page, "bo@example.com")
    window.page.on("request", lambda one: window.asked.append(one.url) if one.url.endswith(FILM) else None)
    window.page.goto(FILM)
    come_up(window.page)
    assert source(window.page).endswith(f"/{FORMS[form]}")
    return window


def come_up(page: Page) -> None:
    """Wait for the recording's beginning; no sound."""
    until(page, f"{PLAYED}.readyState > 1")
    page.evaluate(f"{PLAYED}.muted = true")


def source(page: Page) -> str:
    """The address that is played."""
    return str(page.evaluate(f"{PLAYED}.currentSrc")).split("#")[0]


def play(page: Page, at: float) -> None:
    """Play from a second on, without waiting for it to begin."""
    page.evaluate(f"{PLAYED}.currentTime = {at}; void {PLAYED}.play().catch(() => {{}})")


def until_half(half: int, first: list[str]) -> Callable[[Route], None]:
    """Answer the first address of a recording for its first half alone, a piece at a time, then refuse it."""
    over: list[str] = []  # what was refused: from then on everything is

    def answer(route: Route) -> None:
        url, headers = route.request.url, route.request.headers
        first[0] = first[0] or url.split("/")[4]
        begin = int(re.findall(r"bytes=(\d+)-", headers.get("range", ""))[0] if "range" in headers else 0)
        segment = re.search(r"-(\d+)\.m4s", url)
        whole = url.endswith((".mp4", ".m4a")) and "-init" not in url
        if first[0] not in url:
            route.continue_()
        elif over or (segment and int(segment[1]) >= 3) or (whole and begin >= half):
            over.append(url)
            route.fulfill(status=403, body="")
        elif whole:
            route.continue_(headers={**headers, "range": f"bytes={begin}-{half - 1}"})
        else:
            route.continue_()

    return answer


@pytest.mark.parametrize("form", FORMS)
def test_it_goes_on_at_the_same_second(lesson: Window) -> None:
    page, first = lesson.page, [""]
    page.goto("about:blank")  # which ends what the page before was still loading
    page.route(re.compile("/media/"), until_half(lesson.size // 2, first))
    page.goto(FILM)
    come_up(page)
    page.get_by_label("Speed").select_option("2")
    note = f"() => places.push({PLAYED}.currentTime)"
    page.evaluate(f"window.places = []; {PLAYED}.addEventListener('timeupdate', {note})")
    play(page, 7)
    until(page, f"{PLAYED}.currentTime > 14 && !{PLAYED}.paused", seconds=40)
    assert first[0] not in source(page)
    assert page.evaluate(f"{PLAYED}.playbackRate") == 2
    places = page.evaluate("places.filter((place) => place > 5)")
    assert all(-0.5 < later - sooner < 2 for sooner, later in zip(places, places[1:], strict=False)), places
    assert len(lesson.asked) == 3
    expect(page.locator(".player-line:visible")).to_have_count(0)


@pytest.mark.parametrize("form", effort.cases(FORMS, ("audio",)))
def test_it_says_so_when_it_stays_refused(lesson: Window) -> None:
    page = lesson.page
    page.route(re.compile("/media/"), lambda route: route.fulfill(status=403, body=""))
    page.evaluate(f"{PLAYED}.load()")
    line = page.locator(".player-line", has_text="This video can’t be loaded right now.")
    expect(line.get_by_role("link", name="Reload the page")).to_be_visible()
    assert len(lesson.asked) == 2


@pytest.mark.parametrize("form", effort.cases(FORMS, ("hls",)))
def test_it_goes_on_after_signing_in_again(lesson: Window) -> None:
    page = lesson.page
    old = source(page).split("/")[4]
    play(page, 10)
    until(page, f"{PLAYED}.currentTime > 9.5 && !{PLAYED}.seeking")
    leave(page.context)
    page.route(lambda url: old in url, lambda route: route.fulfill(status=403, body=""))
    page.evaluate(f"{PLAYED}.load()")
    line = page.locator(".player-line", has_text="You’re signed out, so the video has stopped.")
    expect(line).to_be_visible()
    sign_in(page, "bo@example.com")
    page.evaluate("dispatchEvent(new Event('focus'))")
    expect(line).to_be_hidden()
    until(page, f"{PLAYED}.currentTime > 13 && !{PLAYED}.paused", seconds=40)

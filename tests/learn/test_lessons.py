"""The lesson page: what it shows to whom, where a course goes on, and what a locked lesson says."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

import storage
from blueprints.learn import access_denied
from domain.base import clock
from domain.learning.access import AccessDecision, DenialReason
from models import (
    AccessGrant,
    Caption,
    Course,
    Enrollment,
    Lesson,
    LessonProgress,
    LessonVisibility,
    MediaAsset,
    MediaStatus,
    Module,
    Product,
    ProductStatus,
    Resource,
    ResourceKind,
    SlugRedirect,
    User,
    course_prerequisites,
    db,
)
from tests.cast import START, Cast

Browser = Callable[[User], FlaskClient]
LESSON = "/learn/flask-first-steps/routes"
FILM = "/learn/flask-first-steps/forms-on-film"


def change(app: Flask, table: type, values: dict, **where: object) -> None:
    """Change rows behind the pages' back."""
    with app.app_context():
        statement = update(table.__table__).values(**values)
        for name, value in where.items():
            statement = statement.where(table.__table__.c[name] == value)
        db.session.execute(statement)
        db.session.commit()


def complete(app: Flask, user: User, *lessons: Lesson) -> None:
    """Record the lessons as completed."""
    now = clock.now()
    with app.app_context():
        for lesson in lessons:
            db.session.add(
                LessonProgress(user_id=user.id, lesson_id=lesson.id, started_at=now, completed_at=now)
            )
        db.session.commit()


@pytest.fixture
def film(app: Flask, cast: Cast) -> MediaAsset:
    """A recording that is ready, with captions in two languages and chapters."""
    vtt = "WEBVTT\n\n00:00.000 --> 00:05.000\nHello <b>there</b>\n\n00:05.000 --> 00:09.000\nForms & fields\n"
    with app.app_context():
        asset = MediaAsset(
            course_id=cast.flask_course.id, lesson_id=cast.video_lesson.id, storage_key="media/x/film.mp4",
            status=MediaStatus.READY, duration_seconds=120.0, mp4="film.mp4", playlist="film.m3u8",
            poster="poster.jpg", chapters=[{"start": 0, "title": "One"}, {"start": 60, "title": "Two"}],
        )  # fmt: skip
        db.session.add(asset)
        db.session.flush()
        db.session.add(Caption(asset_id=asset.id, language="en", label="English", vtt=vtt))
        german = vtt.replace("Hello", "Hallo")
        db.session.add(Caption(asset_id=asset.id, language="de", label="Deutsch", vtt=german))
        db.session.commit()
        db.session.refresh(asset)
        db.session.expunge(asset)
        return asset


def test_an_owner_reads_a_lesson_with_its_outline(cast: Cast, signed_in: Browser) -> None:
    page = signed_in(cast.bo).get(LESSON)
    assert page.status_code == 200
    html = page.text
    assert '<h1 lang="en" dir="ltr">Routes</h1>' in html
    assert "Some <em>text</em>" in html
    assert 'aria-current="page"' in html
    for title in ("Hello, Flask", "Forms on film", "Going live", "Begin", "Go on"):
        assert title in html
    assert "0 of 4 lessons" in html
    assert 'href="/learn/flask-first-steps/hello-flask"' in html  # previous
    assert 'href="/learn/flask-first-steps/forms-on-film"' in html  # next
    assert "Mark complete" in html
    assert 'data-heartbeat="/learn/flask-first-steps/routes/heartbeat"' in html


def test_a_stranger_reads_a_preview_and_sees_the_rest_locked(client: FlaskClient) -> None:
    html = client.get("/learn/flask-first-steps/hello-flask").text
    assert "Free preview" in html
    assert html.count("is-locked") == 3
    assert "Get the whole course" in html
    assert "Mark complete" not in html
    assert "data-heartbeat" not in html


def test_a_stranger_is_asked_to_sign_in_and_brought_back(client: FlaskClient) -> None:
    for address in (LESSON, "/learn/flask-first-steps", "/learn"):
        answer = client.get(address)
        assert answer.status_code == 303
        assert answer.location.startswith("/login?next=")
        assert address.replace("/", "%2F") in answer.location or address in answer.location


def test_somebody_without_the_course_is_shown_the_way_to_it(cast: Cast, signed_in: Browser) -> None:
    answer = signed_in(cast.cy).get(LESSON)
    assert answer.status_code == 403
    assert "Buy it once and it’s yours to keep" in answer.text
    assert 'href="/courses/flask-first-steps"' in answer.text
    assert "Some <em>text</em>" not in answer.text


def test_a_free_course_offers_itself(cast: Cast, signed_in: Browser) -> None:
    answer = signed_in(cast.cy).get("/learn/reading-code/why-read")
    assert answer.status_code == 403
    assert 'action="/learn/reading-code/enroll"' in answer.text


def test_unknown_and_foreign_addresses_are_not_found(
    cast: Cast, signed_in: Browser, client: FlaskClient
) -> None:
    stranger = signed_in(cast.cy)
    addresses = (
        "/learn/nowhere", "/learn/nowhere/none", "/learn/flask-first-steps/none", "/learn/secret-draft",
        "/learn/secret-draft/not-yet", "/learn/flask-first-steps/why-read", "/learn/a%00b", "/learn/a%00b/c",
        "/learn/" + "x" * 3000, "/learn/%F0%9F%92%A9/%FF",
    )  # fmt: skip
    for address in addresses:
        assert stranger.get(address).status_code == 404, address
        assert client.get(address).status_code == 404, address
    assert signed_in(cast.nia).get("/learn/secret-draft/not-yet").status_code == 200
    assert signed_in(cast.mo).get("/learn/secret-draft/not-yet").status_code == 200


def test_a_revoked_grant_locks_the_lesson(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    assert browser.get(LESSON).status_code == 200
    change(app, AccessGrant, {"revoked_at": clock.now()}, user_id=cast.bo.id)
    assert browser.get(LESSON).status_code == 403
    assert browser.get("/learn/flask-first-steps").status_code == 403


def test_a_dripped_lesson_says_when_it_opens(app: Flask, cast: Cast, signed_in: Browser) -> None:
    change(app, Module, {"unlock_after_days": 90}, id=cast.video_lesson.module_id)
    answer = signed_in(cast.bo).get(FILM)
    assert answer.status_code == 403
    assert "It opens" in answer.text
    assert "Opens" in signed_in(cast.bo).get(LESSON).text


def test_a_sequential_course_leads_to_the_lesson_to_finish(
    app: Flask, cast: Cast, signed_in: Browser
) -> None:
    change(app, Course, {"sequential": True}, id=cast.flask_course.id)
    browser = signed_in(cast.bo)
    answer = browser.get(FILM)
    assert answer.status_code == 403
    assert "Finish “Hello, Flask” first" in answer.text
    assert 'href="/learn/flask-first-steps/hello-flask"' in answer.text
    for slug in ("hello-flask", "routes"):
        assert browser.post(f"/learn/flask-first-steps/{slug}/complete").status_code == 303
    assert browser.get(FILM).status_code == 200


def test_a_lock_is_named(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        link = {
            "course_id": cast.flask_course.id, "prerequisite_id": cast.free_course.id,
            "locks_since": START - timedelta(days=1),
        }  # fmt: skip
        db.session.execute(course_prerequisites.insert().values(link))
        db.session.commit()
    browser = signed_in(cast.bo)
    for address in (LESSON, "/learn/flask-first-steps"):
        answer = browser.get(address)
        assert answer.status_code == 403
        assert "Opens after you finish “Reading code” (free)." in answer.text
        assert 'href="/courses/reading-code"' in answer.text
    assert browser.get("/learn/flask-first-steps/hello-flask").status_code == 200
    browser.post("/learn/reading-code/enroll")
    browser.post("/learn/reading-code/why-read/complete")
    assert browser.get(LESSON).status_code == 200


def test_a_course_goes_on_where_the_learner_stopped(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)

    def goes_to() -> str:
        return browser.get("/learn/flask-first-steps").location.rsplit("/", 1)[-1]

    assert goes_to() == "hello-flask"
    browser.post("/learn/flask-first-steps/routes/complete")
    assert goes_to() == "forms-on-film"
    browser.post("/learn/flask-first-steps/going-live/heartbeat", data={"position": "0", "state": "opened"})
    assert goes_to() == "going-live"
    for slug in ("going-live", "forms-on-film"):
        browser.post(f"/learn/flask-first-steps/{slug}/complete")
    assert goes_to() == "hello-flask"
    browser.post("/learn/flask-first-steps/hello-flask/complete")
    assert goes_to() == "hello-flask"


def test_going_on_never_leads_into_a_locked_lesson(app: Flask, cast: Cast, signed_in: Browser) -> None:
    complete(app, cast.bo, cast.preview_lesson, cast.text_lesson)
    change(app, Enrollment, {"last_lesson_id": cast.text_lesson.id}, user_id=cast.bo.id)
    change(app, Module, {"unlock_after_days": 90}, id=cast.video_lesson.module_id)
    browser = signed_in(cast.bo)
    answer = browser.get("/learn/flask-first-steps")
    assert answer.location == LESSON
    assert browser.get(answer.location).status_code == 200


def test_a_course_that_has_not_opened_yet_says_when(app: Flask, cast: Cast, signed_in: Browser) -> None:
    change(app, Lesson, {"visibility": LessonVisibility.MEMBERS}, id=cast.preview_lesson.id)
    change(app, Module, {"unlock_after_days": 90}, course_id=cast.flask_course.id)
    answer = signed_in(cast.bo).get("/learn/flask-first-steps")
    assert answer.status_code == 200
    assert "The first lessons open soon" in answer.text
    change(app, Lesson, {"published": False}, course_id=cast.flask_course.id)
    assert "No lessons yet" in signed_in(cast.bo).get("/learn/flask-first-steps").text


def test_a_renamed_course_keeps_its_addresses(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        db.session.add(SlugRedirect(slug="flask-old", product_id=cast.flask_course.id))
        db.session.commit()
    browser = signed_in(cast.bo)
    assert browser.get("/learn/flask-old/routes").location == LESSON
    assert browser.get("/learn/flask-old").location == "/learn/flask-first-steps/hello-flask"


def test_a_film_comes_with_sources_captions_chapters_and_transcripts(
    cast: Cast, film: MediaAsset, signed_in: Browser
) -> None:
    html = signed_in(cast.bo).get(FILM).text
    assert html.count("<source ") == 2
    assert 'type="video/mp4"' in html
    assert 'srclang="de"' in html
    assert 'label="English"' in html
    assert "Hallo there" in html
    assert "Forms &amp; fields" in html
    assert 'href="?t=60"' in html
    assert "/media/" in html
    assert str(film.id) in html


def test_a_film_starts_where_it_stopped_or_where_the_address_says(
    app: Flask, cast: Cast, film: MediaAsset, signed_in: Browser
) -> None:
    browser = signed_in(cast.bo)
    assert 'data-start="0"' in browser.get(FILM).text
    browser.post(f"{FILM}/heartbeat", data={"position": "41.7", "state": "paused"})
    assert 'data-start="41"' in browser.get(FILM).text
    assert "#t=41" in browser.get(FILM).text
    assert 'data-start="60"' in browser.get(f"{FILM}?t=60").text
    for odd in ("-5", "x", "99999999999999999999999", "121", "1e3", "٣", ""):
        assert 'data-start="41"' in browser.get(f"{FILM}?t={odd}").text, odd
    browser.post(f"{FILM}/heartbeat", data={"position": "119", "state": "paused"})
    assert 'data-start="0"' in browser.get(FILM).text


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"status": MediaStatus.PROCESSING}, "still being processed"),
        ({"status": MediaStatus.ERROR, "error": "The file is cut off."}, "can’t be played yet"),
    ],
)
def test_a_film_that_cannot_be_played_says_so(
    app: Flask, cast: Cast, film: MediaAsset, signed_in: Browser, values: dict, sentence: str
) -> None:
    change(app, MediaAsset, values, id=film.id)
    html = signed_in(cast.bo).get(FILM).text
    assert sentence in html
    assert "cut off" not in html  # that is for the creator
    assert "<video" not in html


def test_an_outside_film_waits_for_a_click(app: Flask, cast: Cast, signed_in: Browser) -> None:
    address = "https://www.youtube.com/watch?v=dQw4w9WgXcQ&list=evil"
    change(app, Lesson, {"external_video_url": address}, id=cast.video_lesson.id)
    html = signed_in(cast.bo).get(FILM).text
    assert 'data-embed="https://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?autoplay=1&amp;rel=0"' in html
    assert "<iframe" not in html
    assert "evil" not in html
    change(app, Lesson, {"external_video_url": "https://evil.example/x"}, id=cast.video_lesson.id)
    assert "evil" not in signed_in(cast.bo).get(FILM).text


def test_resources_are_links_and_files_for_who_may_open_the_lesson(
    app: Flask, cast: Cast, signed_in: Browser, client: FlaskClient
) -> None:
    with app.app_context():
        storage.current().put("resources/one/notes.pdf", b"%PDF-1.7 notes", "application/pdf")
        link = Resource(
            lesson_id=cast.text_lesson.id,
            title="The docs",
            kind=ResourceKind.LINK,
            url="https://example.org/docs",
        )
        file = Resource(
            lesson_id=cast.text_lesson.id, title="Notes", kind=ResourceKind.PDF, size=14, position=1,
            storage_key="resources/one/notes.pdf",
        )  # fmt: skip
        db.session.add_all([link, file])
        db.session.commit()
        address, no_file = (f"{LESSON}/resources/{r.id}" for r in (file, link))
    html = signed_in(cast.bo).get(LESSON).text
    assert 'href="https://example.org/docs" rel="noopener noreferrer"' in html
    assert address in html
    answer = signed_in(cast.bo).get(address)
    assert answer.data == b"%PDF-1.7 notes"
    assert "Notes.pdf" in answer.headers["Content-Disposition"]
    assert signed_in(cast.cy).get(address).status_code == 403
    assert client.get(address).status_code == 303
    assert signed_in(cast.bo).get(no_file).status_code == 404
    elsewhere = address.replace("/routes/", "/hello-flask/")
    assert signed_in(cast.bo).get(elsewhere).status_code == 404


def test_unpublished_lessons_are_for_their_makers(app: Flask, cast: Cast, signed_in: Browser) -> None:
    change(app, Lesson, {"published": False}, id=cast.text_lesson.id)
    assert signed_in(cast.bo).get(LESSON).status_code == 404
    assert "Routes" not in signed_in(cast.bo).get(FILM).text
    page = signed_in(cast.ada).get(LESSON)
    assert page.status_code == 200
    assert "Not published" in page.text


def test_a_page_takes_few_queries(
    app: Flask, cast: Cast, film: MediaAsset, signed_in: Browser, count_queries: Callable[[], int]
) -> None:
    browser = signed_in(cast.bo)
    change(app, Course, {"sequential": True}, id=cast.flask_course.id)
    complete(app, cast.bo, cast.preview_lesson, cast.text_lesson)
    with app.app_context():
        for n in range(60):
            db.session.add(
                Lesson(
                    course_id=cast.flask_course.id, module_id=cast.video_lesson.module_id, title=f"More {n}",
                    slug=f"more-{n}", position=10 + n,
                )
            )  # fmt: skip
        db.session.commit()
    app.extensions.pop("lectern_cache_site", None)
    assert browser.get(FILM).status_code == 200
    assert count_queries() <= 8
    assert browser.get("/learn/flask-first-steps/more-5").status_code == 403
    assert count_queries() <= 8


def test_reading_a_lesson_writes_nothing(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    with app.app_context():
        before = db.session.execute(db.select(Enrollment.__table__)).one()
    browser.get(LESSON)
    browser.get("/learn/flask-first-steps")
    browser.get("/learn")
    with app.app_context():
        assert db.session.execute(db.select(Enrollment.__table__)).one() == before
        assert db.session.scalar(db.select(db.func.count()).select_from(LessonProgress)) == 0


def test_an_expired_course_stays_open_to_its_owners(app: Flask, cast: Cast, signed_in: Browser) -> None:
    change(app, Product, {"status": ProductStatus.EXPIRED}, id=cast.flask_course.id)
    assert signed_in(cast.bo).get(LESSON).status_code == 200
    answer = signed_in(cast.cy).get(LESSON)
    assert answer.status_code == 403
    assert "isn’t for sale right now: its creator needs to update it first" in answer.text
    change(app, Product, {"status": ProductStatus.PUBLISHED}, id=cast.flask_course.id)
    change(app, AccessGrant, {"expires_at": clock.now() - timedelta(days=2)}, user_id=cast.bo.id)
    assert "Your access to this course has ended" in signed_in(cast.bo).get(LESSON).text


@pytest.mark.parametrize("reason", list(DenialReason))
def test_every_reason_has_its_sentence_and_its_way_on(app: Flask, cast: Cast, reason: DenialReason) -> None:
    needed = {
        DenialReason.FINISH_PREVIOUS: cast.text_lesson,
        DenialReason.PREREQUISITE: cast.free_course,
    }.get(reason)
    with app.test_request_context("/learn/flask-first-steps/routes"):
        way = access_denied.next_step(cast.flask_course, AccessDecision(False, reason, needed=needed))
    assert way.sentence.endswith(".")
    assert way.action
    assert way.url.startswith("/")
    assert way.sentence.startswith("This isn’t available right now") is (reason == DenialReason.DRAFT)

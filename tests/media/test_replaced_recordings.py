"""A new recording takes the place of the old one once it can be played, and not before."""

import contextvars
import io
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

import jobs
import storage
from domain.authoring import submission
from domain.base import clock
from domain.catalog import freshness
from domain.media import captions, recordings
from models import (
    Caption,
    Course,
    Lesson,
    MediaAsset,
    MediaStatus,
    Product,
    ProductStatus,
    Role,
    UpdateState,
    User,
    db,
)
from tests.cast import Cast, recording_of
from tests.journeys import films

pytestmark = pytest.mark.slow

Browser = Callable[[User], FlaskClient]
FILM = "/learn/flask-first-steps/forms-on-film"
CAPTIONS = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\nHello there\n"


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A real film of six seconds."""
    path = tmp_path_factory.mktemp("film") / "film.mp4"
    films.shoot(path, 6)
    return path.read_bytes()


@pytest.fixture
def old_id(app: Flask, cast: Cast) -> Iterator[uuid.UUID]:
    """What learners watch, in a course of a vetted creator that was last fresh a hundred days ago."""
    with app.app_context():
        ada = db.session.get_one(User, cast.ada.id)
        ada.role, ada.vetted = Role.CREATOR, True
        course = db.session.get_one(Course, cast.flask_course.id)
        freshness.restart(course, clock.now() - timedelta(days=100))
        asset = MediaAsset(
            course_id=course.id, lesson_id=cast.video_lesson.id, storage_key="x", mp4="video.mp4",
            status=MediaStatus.READY, duration_seconds=120.0, chapters=[{"start": 0.0, "title": "Begin"}],
        )  # fmt: skip
        db.session.add(asset)
        db.session.flush()
        db.session.add(Caption(asset_id=asset.id, language="en", label="English", vtt=CAPTIONS))
        db.session.commit()
        yield asset.id


def send(cast: Cast, content: bytes, lesson: bool = True) -> MediaAsset:
    """Replace the recording as the creator does."""
    id_ = uuid.uuid4()
    key = f"originals/{id_}/original.mp4"
    storage.current().put(key, content, "video/mp4")
    course = db.session.get_one(Course, cast.flask_course.id)
    row = db.session.get_one(Lesson, cast.video_lesson.id) if lesson else None
    ada = db.session.get_one(User, cast.ada.id)
    made = recordings.adopt(course, row, ada, id_, key, len(content), "new.mp4")
    db.session.commit()
    return made


def read(browser: FlaskClient, address: str) -> str:
    """A page, asked for outside the context of the test, which would remember who asked last."""
    return contextvars.Context().run(lambda: browser.get(address).text)


def facts(cast: Cast) -> tuple[object, ...]:
    """What the course says about itself."""
    db.session.rollback()
    course = db.session.get_one(Course, cast.flask_course.id)
    lesson = db.session.get_one(Lesson, cast.video_lesson.id)
    found = (
        course.expires_at, course.content_updated_at, course.duration_seconds, lesson.duration_seconds,
        course.update_state,
    )  # fmt: skip
    db.session.rollback()
    return found


def test_the_old_recording_plays_until_the_new_one_is_ready(
    cast: Cast, signed_in: Browser, film: bytes, old_id: uuid.UUID
) -> None:
    before = facts(cast)
    new = send(cast, film)
    assert facts(cast) == before
    learner, creator = signed_in(cast.bo), signed_in(cast.ada)
    for page in (read(learner, FILM), read(creator, f"{FILM}?draft=1")):
        assert f"{old_id}/video.mp4" in page
        assert f"{old_id}/captions/en.vtt" in page
        assert "Begin" in page
    studio = f"/studio/courses/{cast.flask_course.id}"
    page = read(creator, f"{studio}/lessons/{cast.video_lesson.id}")
    assert "until this one is ready" in page
    assert "Waiting for approval" not in page
    assert "Waiting for approval" not in read(creator, f"{studio}/media")
    assert len(recordings.unready(cast.flask_course.id)) == 1
    db.session.rollback()
    jobs.run_all()
    expires_at, updated_at, seconds, length, _state = facts(cast)
    assert expires_at > before[0]
    assert updated_at > before[1]
    assert (length, seconds) == (6, before[2] - before[3] + 6)
    new_id = new.id
    db.session.rollback()
    page = read(learner, FILM)
    assert str(old_id) not in page
    assert f"{new_id}/master.m3u8" in page
    assert f"{new_id}/captions/en.vtt" in page
    assert db.session.get(MediaAsset, old_id) is None


def test_a_recording_that_fails_takes_nothing_away_and_makes_nothing_fresh(
    cast: Cast, signed_in: Browser, old_id: uuid.UUID
) -> None:
    before = facts(cast)
    new = send(cast, b"this is no film at all" * 100)
    jobs.run_all()
    assert facts(cast) == before
    failed = db.session.get_one(MediaAsset, new.id)
    assert failed.status == MediaStatus.ERROR
    error = str(failed.error)
    db.session.rollback()
    learner, creator = signed_in(cast.bo), signed_in(cast.ada)
    page = read(learner, FILM)
    assert f"{old_id}/video.mp4" in page
    assert error not in page
    lesson = f"/studio/courses/{cast.flask_course.id}/lessons/{cast.video_lesson.id}"
    assert "remove it to keep the previous one" in read(creator, lesson)
    answer = contextvars.Context().run(lambda: creator.post(f"{lesson}/recording/remove"))
    assert answer.status_code == 303
    assert facts(cast) == before
    assert f"{old_id}/video.mp4" in read(learner, FILM)


def test_learners_never_read_what_is_meant_for_the_creator(
    cast: Cast, signed_in: Browser, old_id: uuid.UUID
) -> None:
    asset = db.session.get_one(MediaAsset, old_id)
    asset.status, asset.error = MediaStatus.ERROR, "It ends early. Export or upload it again."
    db.session.commit()
    for person in (cast.bo, cast.ada):
        page = read(signed_in(person), FILM)
        assert "upload it again" not in page
        assert "This recording can’t be played yet" in page
    assert "upload it again" in read(signed_in(cast.ada), f"{FILM}?draft=1")


def test_a_first_recording_that_fails_makes_nothing_fresh(app: Flask, cast: Cast, old_id: uuid.UUID) -> None:
    db.session.delete(db.session.get_one(MediaAsset, old_id))
    db.session.commit()
    before = facts(cast)
    made = send(cast, b"this is no film at all" * 100)
    jobs.run_all()
    assert facts(cast) == before
    assert db.session.get_one(MediaAsset, made.id).lesson_id == cast.video_lesson.id


def test_the_preview_film_stays_until_the_new_one_is_ready(
    cast: Cast, client: FlaskClient, film: bytes, old_id: uuid.UUID
) -> None:
    asset = db.session.get_one(MediaAsset, old_id)
    asset.lesson_id = None
    db.session.commit()
    broken = send(cast, b"this is no film at all" * 100, lesson=False)
    jobs.run_all()
    assert f"{old_id}/video.mp4" in read(client, "/courses/flask-first-steps")
    new = send(cast, film, lesson=False)
    assert db.session.get(MediaAsset, broken.id) is None
    assert f"{old_id}/video.mp4" in read(client, "/courses/flask-first-steps")
    jobs.run_all()
    page = read(client, "/courses/flask-first-steps")
    assert f"{new.id}/master.m3u8" in page
    assert str(old_id) not in page


def test_captions_of_what_is_still_prepared_make_nothing_fresh(
    cast: Cast, film: bytes, old_id: uuid.UUID
) -> None:
    new, before = send(cast, film), facts(cast)
    course, ada = db.session.get_one(Course, cast.flask_course.id), db.session.get_one(User, cast.ada.id)
    row = db.session.get_one(MediaAsset, new.id)
    captions.write(course, row, ada, "de", "", CAPTIONS)
    captions.set_chapters(course, row, ada, "0:00 Anfang")
    db.session.commit()
    assert facts(cast) == before
    assert recordings.caption_text(old_id, "de") is None
    jobs.run_all()
    assert recordings.caption_text(new.id, "de") == CAPTIONS


def test_what_was_sent_before_a_course_went_live_waits_for_approval_after_it(
    cast: Cast, film: bytes, old_id: uuid.UUID
) -> None:
    course = db.session.get_one(Course, cast.flask_course.id)
    db.session.get_one(User, cast.ada.id).vetted = False
    published, course.published_at, course.status = course.published_at, None, ProductStatus.PENDING_REVIEW
    db.session.commit()
    new = send(cast, film)
    assert db.session.get_one(MediaAsset, new.id).steps_in
    course = db.session.get_one(Course, cast.flask_course.id)
    course.published_at, course.status = published, ProductStatus.PUBLISHED
    db.session.commit()
    jobs.run_all()
    db.session.rollback()
    waiting = db.session.get_one(MediaAsset, new.id)
    assert (waiting.proposed_for, waiting.steps_in) == (cast.video_lesson.id, False)
    assert recording_of(cast.video_lesson.id).id == old_id
    assert facts(cast)[-1] == UpdateState.EDITING


def test_an_approved_update_takes_no_film_away_for_one_that_failed(cast: Cast, old_id: uuid.UUID) -> None:
    db.session.get_one(User, cast.ada.id).vetted = False
    db.session.commit()
    new = send(cast, b"this is no film at all" * 100)
    jobs.run_all()
    db.session.rollback()
    course = db.session.get_one(Course, cast.flask_course.id)
    assert course.update_state == UpdateState.EDITING
    submission.publish_update(course, db.session.get_one(User, cast.mo.id))
    db.session.commit()
    assert recording_of(cast.video_lesson.id).id == old_id
    assert db.session.get_one(MediaAsset, new.id).proposed_for == cast.video_lesson.id
    assert course.update_state == UpdateState.EDITING
    assert db.session.scalar(select(Product.id).where(Product.id == course.id)) == course.id


def test_a_second_replacement_takes_the_place_of_the_first(
    cast: Cast, film: bytes, old_id: uuid.UUID, tmp_path: Path
) -> None:
    first = send(cast, film)
    second = send(cast, io.BytesIO(film).read())
    assert db.session.get(MediaAsset, first.id) is None
    jobs.run_all()
    assert recording_of(cast.video_lesson.id).id == second.id

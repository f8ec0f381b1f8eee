"""Several videos at once become lessons, in the order of their names."""

import io
import uuid
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from models import Lesson, LessonKind, MediaAsset, Module, User, db
from tests.cast import Cast

# The second as a Mac writes it (NFD), and with two spaces: stored names have neither.
NAMES_OF_A_MAC = ["2 - Ein  Plan.mp4", "1 - U\u0308bung.mp4"]
NAMES = ["10 - Deploying.mp4", "2_Routes_and_views.mp4", "03 Sound.mp3"]


@pytest.fixture
def place(app: Flask, cast: Cast) -> tuple[str, str]:
    """The address of the form for the draft course, and its last module."""
    with app.app_context():
        modules = select(Module.id).where(Module.course_id == cast.draft_course.id).order_by(Module.position)
        module = db.session.scalars(modules).all()[-1]
    return f"/studio/courses/{cast.draft_course.id}/curriculum/videos", str(module)


def made(app: Flask, module: str) -> list[Lesson]:
    with app.app_context():
        query = (
            select(Lesson)
            .where(Lesson.module_id == uuid.UUID(module))
            .order_by(Lesson.position.desc())
            .limit(3)
        )
        return list(reversed(db.session.scalars(query).all()))


def test_a_plain_form_sends_them_along(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient], place: tuple[str, str]
) -> None:
    address, module = place
    client = signed_in(cast.nia)
    assert 'name="files"' in client.get(address).text
    files = [(io.BytesIO(f"content of {name}".encode()), name) for name in NAMES]
    answer = client.post(address, data={"module": module, "files": files})
    assert answer.status_code == 303
    lessons = made(app, module)
    assert [lesson.title for lesson in lessons] == ["Routes and views", "Sound", "Deploying"]
    assert [lesson.kind for lesson in lessons] == [LessonKind.VIDEO, LessonKind.AUDIO, LessonKind.VIDEO]
    with app.app_context():
        names = [
            db.session.scalars(select(MediaAsset.filename).where(MediaAsset.lesson_id == lesson.id)).one()
            for lesson in lessons
        ]
    assert names == [NAMES[1], NAMES[2], NAMES[0]]


def test_files_find_their_lessons_whatever_their_names_are_written_in(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient], place: tuple[str, str]
) -> None:
    address, module = place
    client = signed_in(cast.nia)
    json = {"Accept": "application/json"}
    answer = client.post(address, data={"module": module, "names": NAMES_OF_A_MAC}, headers=json)
    assert [one["place"] for one in answer.json] == [1, 0]
    titles = ["\u00dcbung", "Ein Plan"]
    assert [lesson.title for lesson in made(app, module)[-2:]] == titles
    files = [(io.BytesIO(name.encode()), name) for name in NAMES_OF_A_MAC]
    assert client.post(address, data={"module": module, "files": files}).status_code == 303
    lessons = made(app, module)[-2:]
    assert [lesson.title for lesson in lessons] == titles
    with app.app_context():
        sizes = [
            db.session.scalars(select(MediaAsset.size).where(MediaAsset.lesson_id == lesson.id)).one()
            for lesson in lessons
        ]
    assert sizes == [len(name.encode()) for name in reversed(NAMES_OF_A_MAC)]


def test_a_script_sends_names_and_gets_the_lessons_to_upload_to(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient], place: tuple[str, str]
) -> None:
    address, module = place
    client = signed_in(cast.nia)
    json = {"Accept": "application/json"}
    answer = client.post(address, data={"module": module, "names": NAMES}, headers=json)
    lessons = made(app, module)
    assert answer.json == [
        {"place": place, "lesson": str(lesson.id)} for place, lesson in zip([1, 2, 0], lessons, strict=True)
    ]
    for names in (["notes.txt"], []):
        refused = client.post(address, data={"module": module, "names": names}, headers=json)
        assert refused.status_code == 422
        assert refused.json["error"].endswith(".")
    assert [lesson.id for lesson in made(app, module)] == [lesson.id for lesson in lessons]


def test_names_alone_are_no_videos_in_a_plain_form(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient], place: tuple[str, str]
) -> None:
    address, module = place
    before = [lesson.id for lesson in made(app, module)]
    answer = signed_in(cast.nia).post(address, data={"module": module, "names": NAMES})
    assert answer.status_code == 422
    assert "Choose the videos." in answer.text
    assert [lesson.id for lesson in made(app, module)] == before


def test_nobody_adds_them_to_somebody_elses_course(
    cast: Cast, signed_in: Callable[[User], FlaskClient], place: tuple[str, str]
) -> None:
    address, module = place
    client = signed_in(cast.ada)
    assert client.get(address).status_code == 404
    assert client.post(address, data={"module": module, "names": NAMES}).status_code == 404

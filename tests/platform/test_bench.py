"""The baseline of the benchmarks renders today's pages and writes today's rows."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from bench import raw
from bench.bare import Recorder, build, check
from bench.tour import Sender
from models import LessonProgress, User, db
from tests.cast import Cast

LESSON = "/learn/flask-first-steps/forms-on-film"
PAGES = (
    ("/", False),
    ("/courses?level=beginner", False),
    ("/courses/flask-first-steps", True),
    ("/learn/flask-first-steps/hello-flask", True),
    (LESSON, True),
)


@pytest.mark.slow
def test_the_bare_application_answers_like_lectern(
    app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    cookie = signed_in(cast.bo).get_cookie("lectern")
    assert cookie is not None
    recorder = Recorder(app, f"lectern={cookie.value}")
    pages = {(at, is_reader): recorder.page(at, is_reader) for at, is_reader in PAGES}
    assert all(b"<h1" in page.html for page in pages.values())
    bare = build(app, pages)
    sender = Sender(f"{LESSON}/heartbeat", "", "", cast.bo.id.hex, cast.video_lesson.id.hex)
    raw.add_heartbeat(bare, app.config["SETTINGS"].database_url, [sender], relaxed=True)
    check(bare, recorder, pages)
    beat = {"position": "12", "start": "2", "end": "12"}
    assert bare.test_client().post(sender.path, data=beat).status_code == 204
    with app.app_context():
        query = select(LessonProgress.position_seconds).where(
            LessonProgress.lesson_id == cast.video_lesson.id
        )
        assert db.session.scalars(query).all() == [12]

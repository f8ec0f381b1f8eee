"""Ticked lessons of the curriculum are published, hidden, moved and deleted together, or not at all."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from domain.learning import progress
from models import Enrollment, Lesson, Module, User, db
from tests.cast import Cast

Send = Callable[..., TestResponse]


@pytest.fixture
def send(cast: Cast, signed_in: Callable[[User], FlaskClient]) -> Send:
    """A function that posts the form of the ticked lessons of the Flask course."""
    ada = signed_in(cast.ada)

    def post(do: str, *lessons: Any, **more: Any) -> TestResponse:
        address = f"/studio/courses/{cast.flask_course.id}/curriculum/chosen"
        return ada.post(address, data={"do": do, "lesson": [str(one) for one in lessons], **more})

    return post


def lessons(app: Flask, cast: Cast) -> dict[uuid.UUID, tuple[uuid.UUID, int, bool]]:
    """Module, position and publication of each lesson of the Flask course."""
    with app.app_context():
        query = select(Lesson).where(Lesson.course_id == cast.flask_course.id)
        return {one.id: (one.module_id, one.position, one.published) for one in db.session.scalars(query)}


def test_several_are_hidden_and_shown(app: Flask, cast: Cast, send: Send) -> None:
    chosen = (cast.text_lesson.id, cast.last_lesson.id)
    answer = send("hide", *chosen)
    assert answer.status_code == 303
    after = lessons(app, cast)
    assert {id_ for id_, (_, _, published) in after.items() if not published} == set(chosen)


def test_progress_is_recounted_once_for_all_of_them(
    app: Flask,
    cast: Cast,
    send: Send,
    signed_in: Callable[[User], FlaskClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signed_in(cast.bo).post("/learn/flask-first-steps/routes/complete")
    recounted, recount = [], progress.recount_some
    monkeypatch.setattr(progress, "recount_some", lambda *given: recounted.append(given) or recount(*given))
    for do, percent in (("hide", 0), ("publish", 25), ("delete", 0)):
        send(do, cast.text_lesson.id, cast.last_lesson.id, sure="1")
        with app.app_context():
            assert db.session.scalars(select(Enrollment.progress_percent)).one() == percent
    assert len(recounted) == 3


def test_several_move_in_their_order_to_the_end_of_a_module(app: Flask, cast: Cast, send: Send) -> None:
    before = lessons(app, cast)
    with app.app_context():
        query = select(Module.id).where(Module.course_id == cast.flask_course.id).order_by(Module.position)
        first, *_, last = db.session.scalars(query)
    there = [id_ for id_, (module, _, _) in sorted(before.items(), key=lambda x: x[1][1]) if module == last]
    come = [id_ for id_, (module, _, _) in sorted(before.items(), key=lambda x: x[1][1]) if module == first]
    assert send("move", *reversed(come), module=last).status_code == 303
    after = lessons(app, cast)
    assert [after[id_][:2] for id_ in there + come] == [
        (last, place) for place in range(1, len(there + come) + 1)
    ]


def test_deleting_several_is_confirmed(app: Flask, cast: Cast, send: Send) -> None:
    chosen = (cast.text_lesson.id, cast.last_lesson.id)
    asked = send("delete", *chosen)
    assert asked.status_code == 200
    assert "Delete 2 lessons?" in asked.text
    assert "Hide them instead if you might need them again." in asked.text
    assert asked.text.count('name="lesson"') == 2
    for lesson in (cast.text_lesson, cast.last_lesson):
        assert f'<li dir="auto">{lesson.title}</li>' in asked.text
    assert "with captions" not in asked.text
    assert set(chosen) <= set(lessons(app, cast))
    assert send("delete", *chosen, sure="1").status_code == 303
    assert not set(chosen) & set(lessons(app, cast))


@pytest.mark.parametrize("do", ["hide", "move", "delete", "nonsense"])
def test_without_any_or_with_another_courses_nothing_changes(
    app: Flask, cast: Cast, send: Send, do: str
) -> None:
    before = lessons(app, cast)
    assert send(do).status_code == 422
    foreign = send(do, cast.text_lesson.id, cast.free_lesson.id, module=uuid.uuid4())
    assert foreign.status_code in (404, 422)
    assert send(do, "no-id", module="x").status_code == 422
    assert lessons(app, cast) == before


def test_it_is_nobody_elses(app: Flask, cast: Cast, signed_in: Callable[[User], FlaskClient]) -> None:
    before = lessons(app, cast)
    address = f"/studio/courses/{cast.flask_course.id}/curriculum/chosen"
    data = {"do": "hide", "lesson": str(cast.text_lesson.id)}
    assert signed_in(cast.nia).post(address, data=data).status_code == 404
    assert lessons(app, cast) == before

"""Entities made from rows are those that the ORM would have loaded."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Uuid, bindparam, inspect, select

from domain.base.compiled_statements import CompiledStatement
from domain.base.row_entities import EntityColumns
from domain.learning import lesson_query
from models import AccessGrant, Course, Lesson, Product, User, db
from tests.cast import Cast

ENTITIES: tuple[type[Any], ...] = (User, Course, Lesson, AccessGrant)


@pytest.fixture(autouse=True)
def _context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_row_is_as_the_orm_loads_it(entity: type[Any], cast: Cast) -> None:
    loaded = db.session.scalars(select(entity)).all()
    assert loaded
    columns: EntityColumns[Any] = EntityColumns(entity)
    expected = {row.id: {key: getattr(row, key) for key in columns.keys} for row in loaded}
    db.session.expunge_all()

    made = [columns.made(row) for row in CompiledStatement(_all_of(columns)).run(db.session.connection(), {})]

    assert {row.id: {key: getattr(row, key) for key in columns.keys} for row in made} == expected
    assert all(type(row) is entity and inspect(row).persistent for row in made)
    assert not db.session.dirty


def test_a_change_is_flushed_and_what_was_not_selected_loads(cast: Cast) -> None:
    course_id = cast.flask_course.id
    expected = db.session.get_one(Course, course_id).objectives
    db.session.expunge_all()
    course = _made(EntityColumns(Course, (Course.title,)), course_id)
    assert "objectives" in inspect(course).unloaded
    assert course.objectives == expected

    course.title, course.technology = "Renamed", "Flask 3"
    db.session.flush()
    db.session.expire_all()

    assert (course.title, course.technology) == ("Renamed", "Flask 3")


def test_what_the_session_holds_is_kept_and_what_expired_is_filled(cast: Cast) -> None:
    columns = EntityColumns(User)
    user = db.session.get_one(User, cast.ada.id)
    user.name = "Not saved yet"
    with db.session.no_autoflush:
        assert _made(columns, user.id) is user
    assert user.name == "Not saved yet"
    db.session.flush()

    db.session.expire(user)
    assert _made(columns, user.id) is user
    assert not inspect(user).expired_attributes
    assert user.name == "Not saved yet"


def test_an_outer_join_without_a_row_makes_nothing(cast: Cast) -> None:
    found = lesson_query.load(cast.ada.id, "flask-first-steps", "hello-flask")
    assert found is not None
    course, lesson, _ = found
    assert (course.code, lesson.media, lesson.resources) == (None, None, [])


def _made(columns: EntityColumns[Any], id_: Any) -> Any:
    statement = CompiledStatement(_all_of(columns, bindparam("id", type_=Uuid())))
    return columns.made(statement.run(db.session.connection(), {"id": id_})[0])


def _all_of(columns: EntityColumns[Any], id_: Any = None) -> Any:
    query = select(*columns.labels)
    if columns.entity is Course:
        query = query.join_from(Product.__table__, Course.__table__)
    key = columns.labels[columns.keys.index("id")].element
    return lambda _dialect: query if id_ is None else query.where(key == id_)

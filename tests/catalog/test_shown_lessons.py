"""Lessons that learners see: Python and SQL say the same of every lesson there can be."""

import itertools

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from domain.authoring import course_content
from domain.catalog import counters, shown_lessons
from domain.learning import access, outline
from models import Course, Lesson, LessonKind, LessonVisibility, Module, db
from tests.cast import Cast


@pytest.fixture
def every_lesson(app: Flask, cast: Cast) -> list[Lesson]:
    """A lesson in every state, in modules that are published and hidden, in one course."""
    with app.app_context():
        modules = [
            Module(course_id=cast.free_course.id, title="M", position=10 + n, published=bool(n))
            for n in range(2)
        ]
        db.session.add_all(modules)
        db.session.flush()
        states = itertools.product(modules, (True, False), LessonVisibility)
        for number, (module, published, visibility) in enumerate(states):
            db.session.add(
                Lesson(
                    course_id=cast.free_course.id, module_id=module.id, title="L", slug=f"l-{number}",
                    position=number, kind=LessonKind.TEXT, published=published, visibility=visibility,
                )
            )  # fmt: skip
        db.session.commit()
        asked = select(Lesson).where(Lesson.course_id == cast.free_course.id)
        return list(db.session.scalars(asked.options(joinedload(Lesson.module))))


def _expected(lessons: list[Lesson]) -> set[str]:
    return {
        lesson.slug
        for lesson in lessons
        if shown_lessons.is_shown(
            published=lesson.published,
            visibility=lesson.visibility,
            module_published=lesson.module.published,
        )
    }


def test_python_and_sql_agree(app: Flask, cast: Cast, every_lesson: list[Lesson]) -> None:
    lesson, module = Lesson.__table__.alias(), Module.__table__.alias()
    plain = select(Lesson.slug).join(Module).where(shown_lessons.shown())
    renamed = (
        select(lesson.c.slug)
        .join(module, module.c.id == lesson.c.module_id)
        .where(shown_lessons.shown(lesson.c, module.c), lesson.c.course_id == cast.free_course.id)
    )
    with app.app_context():
        found = set(db.session.scalars(plain.where(Lesson.course_id == cast.free_course.id)))
        assert found == set(db.session.scalars(renamed)) == _expected(every_lesson)
    assert 0 < len(found) < len(every_lesson)


def test_the_count_the_outline_the_page_of_the_course_and_the_reviewer_see_the_same(
    app: Flask, cast: Cast, every_lesson: list[Lesson]
) -> None:
    expected = _expected(every_lesson)
    with app.app_context():
        course = db.session.get_one(Course, cast.free_course.id)
        counters.count_lessons(course)
        assert course.lesson_count == len(expected)
        seen = outline.load(None, course, access.decide(None, course).facts)
        assert {entry.slug for entry in seen.entries} == expected
        reviewed = course_content.load(course).shown
        assert {content.lesson.slug for content in reviewed} == expected

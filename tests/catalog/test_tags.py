"""Tags as they are typed: unique, in order, and nothing between two commas is no tag."""

from flask import Flask

from domain.catalog import tags
from models import Course, Tag, db
from tests.cast import Cast


def test_nothing_between_commas_is_no_tag() -> None:
    assert tags.split(" Flask,, python , ,FLASK,") == ["Flask", "python"]


def test_vowel_signs_tell_tags_apart_and_former_tags_stay(app: Flask, cast: Cast) -> None:
    with app.app_context():
        db.session.add(Tag(name="हिंदी", slug="ह-द"))  # as it was made when signs cut words
        db.session.flush()
        course = db.session.get_one(Course, cast.flask_course.id)
        tags.set_tags(course, tags.split("हिंदी, हुदा, हद"))
        stored = db.session.execute(db.select(Tag.name, Tag.slug).where(Tag.name.in_(tags.names_of(course))))
        assert dict(stored.all()) == {"हिंदी": "ह-द", "हुदा": "हुदा", "हद": "हद"}

"""What is written in a course's language says so, wherever it is shown, and reads in that direction."""

import re
from collections.abc import Callable
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.catalog.index import index_cache
from models import Course, Lesson, Module, Review, User, db
from tests.cast import Cast
from tests.house.markup import VOID

HEBREW = re.compile("[\u0590-\u05ff]")
WORD = "שלום עולם"


class Directions(HTMLParser):
    """Reads a page; `bare` holds the Hebrew texts that nothing tells the direction of, `told` the others."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.bare: list[str] = []
        self.told: list[str] = []
        self._open: list[tuple[str, str]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note which way the element reads; what it doesn't say it takes from around it."""
        given = dict(attrs)
        around = self._open[-1][1] if self._open else ""
        way = f"{given['lang']} {given.get('dir')}" if "lang" in given and tag != "html" else given.get("dir")
        if "sr-only" in (given.get("class") or ""):
            way = "auto"  # is heard, not seen
        if tag not in VOID:
            self._open.append((tag, way or ("auto" if tag == "bdi" else around)))

    def handle_endtag(self, tag: str) -> None:
        """Go back to what is around the element."""
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        """Sort a text."""
        tag, way = self._open[-1] if self._open else ("", "")
        if HEBREW.search(data) and tag not in ("title", "option", "script", "textarea"):
            (self.told if way in ("he rtl", "auto") else self.bare).append(f"<{tag}> {data.strip()}")


@pytest.fixture
def hebrew(app: Flask, cast: Cast) -> None:
    """Ada's courses are in Hebrew, and Bo has reviewed one in it."""
    with app.app_context():
        for course in db.session.scalars(db.select(Course)):
            course.language, course.title, course.summary = "he", f"{WORD} {course.slug}", WORD
            course.objectives, course.prerequisites = [WORD], [WORD]
            course.description_html = f"<p>{WORD}</p>"
        for row in db.session.scalars(db.select(Module)):
            row.title, row.description = WORD, WORD
        for lesson in db.session.scalars(db.select(Lesson)):
            lesson.title, lesson.description, lesson.body_html = WORD, WORD, f"<p>{WORD}</p>"
        db.session.add(
            Review(
                product_id=cast.flask_course.id, user_id=cast.bo.id, rating=5, comment=WORD, reply=WORD,
                replied_at=cast.flask_course.published_at,
            )
        )  # fmt: skip
        db.session.get_one(User, cast.bo.id).name = WORD
        db.session.commit()
        index_cache.current()


@pytest.mark.parametrize(
    ("person", "address", "least"),
    [
        ("out", "/", 4),
        ("out", "/courses", 4),
        ("out", "/courses/flask-first-steps", 15),
        ("out", "/creators/ada", 4),
        ("bo", "/courses/flask-first-steps", 15),
        ("bo", "/learn", 1),
        ("bo", "/learn/flask-first-steps/routes", 8),
        ("bo", "/learn/reading-code/why-read", 2),
        ("bo", "/orders", 0),
        ("ada", "/studio/courses", 1),
        ("ada", "/studio/reviews", 2),
        ("ada", "/studio/courses/{course}", 1),
        ("ada", "/studio/courses/{course}/curriculum", 2),
        ("ada", "/studio/students", 1),
    ],
)
def test_every_text_says_which_way_it_reads(
    app: Flask, cast: Cast, hebrew: None, signed_in: Callable[[User], FlaskClient], person: str, address: str,
    least: int,
) -> None:  # fmt: skip
    browser = app.test_client() if person == "out" else signed_in(getattr(cast, person))
    answer = browser.get(address.format(course=cast.flask_course.id))
    assert answer.status_code in (200, 403)
    page = Directions(answer.text)
    assert page.bare == []
    assert len(page.told) >= least

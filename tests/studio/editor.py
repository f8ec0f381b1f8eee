"""What the tests of the course editor share."""

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from models import Course, db
from tests.cast import Cast


class Desk:
    """One course in a creator's browser."""

    def __init__(self, app: Flask, browser: FlaskClient, course: Course) -> None:
        self.app, self.browser, self.course = app, browser, course
        self.home = f"/studio/courses/{course.id}"

    def get(self, page: str = "") -> str:
        """A page of the editor."""
        answer = self.browser.get(self.home + page)
        assert answer.status_code == 200
        return answer.text

    def was(self, page: str = "") -> list[str]:
        """The marks of what the form of the page came with."""
        return marks(self.get(page))

    def row(self) -> Course:
        """The course as it is now, with nothing loaded beside its columns."""
        with self.app.app_context():
            row = db.session.get_one(Course, self.course.id)
            db.session.expunge(row)
            return row

    def change(self, **values: Any) -> None:
        """Write into the row what no form can."""
        with self.app.app_context():
            row = db.session.get_one(Course, self.course.id)
            for name, value in values.items():
                setattr(row, name, value)
            db.session.commit()


def marks(page: str) -> list[str]:
    """The marks of what the form of `page` came with."""
    found = re.findall(r'<option selected value="([0-9a-f]{32})"', page)
    assert found
    return found


def details(cast: Cast, course: Course, **more: Any) -> dict[str, Any]:
    """The details form as `course` would fill it, with `more` typed over it."""
    return {
        "title": course.title,
        "slug": course.slug,
        "summary": course.summary,
        "description": course.description,
        "category": str(course.category_id),
        "tags": "Python",
        "level": course.level.value,
        "technology": course.technology,
        "language": course.language,
        "objectives": "\n".join(course.objectives),
        "prerequisites": "\n".join(course.prerequisites),
        **more,
    }

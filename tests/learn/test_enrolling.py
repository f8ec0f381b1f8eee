"""Starting a free course: who is refused, in the sentence of the course's page, and that nothing is left."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock
from models import AccessGrant, Course, Enrollment, ProductStatus, ProductVisibility, User, db
from tests.cast import Cast

Browser = Callable[[User], FlaskClient]
PAGE = "/courses/reading-code"
OWN = "This is your own course."
EVERYTHING = "You have access to every course."
NOT_SOLD = "This course isn’t for sale right now."
OUTDATED = "This course isn’t for sale right now: its creator needs to update it first."
MEMBERS = "This course is only available to members."


def change(app: Flask, cast: Cast, **values: object) -> None:
    """Change the free course and commit."""
    with app.app_context():
        course = db.session.get_one(Course, cast.free_course.id)
        for name, value in values.items():
            setattr(course, name, value)
        db.session.commit()


def left(app: Flask, cast: Cast) -> tuple[int, int, int]:
    """Count the grants, enrollments and students of the free course."""
    with app.app_context():
        of_it = (AccessGrant.course_id == cast.free_course.id, Enrollment.course_id == cast.free_course.id)
        return (
            db.session.query(AccessGrant).filter(of_it[0]).count(),
            db.session.query(Enrollment).filter(of_it[1]).count(),
            db.session.get_one(Course, cast.free_course.id).holder_count,
        )


@pytest.mark.parametrize(
    ("who", "values", "sentence"),
    [
        ("ada", {}, OWN),
        ("mo", {}, EVERYTHING),
        ("cy", {"expires_at": clock.now() - timedelta(hours=1)}, OUTDATED),
        ("cy", {"status": ProductStatus.EXPIRED}, OUTDATED),
        ("cy", {"status": ProductStatus.ARCHIVED}, NOT_SOLD),
        ("cy", {"status": ProductStatus.ARCHIVED, "expires_at": clock.now() - timedelta(hours=1)}, NOT_SOLD),
        ("cy", {"visibility": ProductVisibility.MEMBERS_ONLY}, MEMBERS),
    ],
)
def test_who_is_refused_and_in_which_words(
    app: Flask, cast: Cast, signed_in: Browser, who: str, values: dict[str, object], sentence: str
) -> None:
    change(app, cast, **values)
    before = left(app, cast)
    browser = signed_in(getattr(cast, who))
    page = browser.get(PAGE).text
    assert sentence in page
    assert sentence == OUTDATED or OUTDATED not in page
    assert 'action="/learn/reading-code/enroll"' not in page
    answer = browser.post("/learn/reading-code/enroll")
    assert (answer.status_code, answer.headers["Location"]) == (303, PAGE)
    assert browser.get(PAGE).text.count(sentence) == page.count(sentence) + 1, "the refusal says what it says"
    assert left(app, cast) == before


@pytest.mark.parametrize("visibility", [ProductVisibility.PUBLIC, ProductVisibility.UNLISTED])
def test_who_may_start(app: Flask, cast: Cast, signed_in: Browser, visibility: ProductVisibility) -> None:
    change(app, cast, visibility=visibility)
    browser = signed_in(cast.cy)
    for _ in range(2):
        answer = browser.post("/learn/reading-code/enroll")
        assert answer.headers["Location"] == "/learn/reading-code"
        assert left(app, cast) == (1, 1, 1)


def test_people_with_free_access_need_no_grant(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        db.session.get_one(User, cast.cy.id).access_override = True
        db.session.commit()
    browser = signed_in(cast.cy)
    assert EVERYTHING in browser.get(PAGE).text
    browser.post("/learn/reading-code/enroll")
    assert left(app, cast) == (0, 0, 0)


def test_a_locked_lesson_of_an_expired_course_offers_nothing(
    app: Flask, cast: Cast, signed_in: Browser
) -> None:
    change(app, cast, expires_at=clock.now() - timedelta(hours=1))
    locked = signed_in(cast.cy).get("/learn/reading-code")
    assert locked.status_code == 403
    assert "/enroll" not in locked.text
    assert OUTDATED in locked.text


def test_the_holder_of_an_expired_course_starts_again(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.cy)
    browser.post("/learn/reading-code/enroll")
    change(app, cast, expires_at=clock.now() - timedelta(hours=1))
    assert browser.post("/learn/reading-code/enroll").headers["Location"] == "/learn/reading-code"
    assert left(app, cast) == (1, 1, 1)

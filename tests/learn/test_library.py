"""A learner's library: in which order, with how many queries, and for nobody else."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from domain.base import clock
from domain.learning import access, enrollment
from models import AccessGrant, Course, Enrollment, GrantSource, ProductStatus, User, db
from tests.cast import Cast

Browser = Callable[[User], FlaskClient]


def test_an_empty_shelf_says_what_to_do(cast: Cast, signed_in: Browser) -> None:
    page = signed_in(cast.cy).get("/learn")
    assert page.status_code == 200
    assert "No courses yet" in page.text
    assert 'href="/courses"' in page.text


def test_what_was_begun_comes_first_and_what_is_finished_last(
    app: Flask, cast: Cast, signed_in: Browser
) -> None:
    browser = signed_in(cast.bo)
    browser.post("/learn/reading-code/enroll")
    page = browser.get("/learn").text
    assert "Continue learning" not in page
    assert page.count("Not started yet") == 1
    browser.post("/learn/flask-first-steps/routes/complete")
    page = browser.get("/learn").text
    places = [page.index(words) for words in ("Continue learning<", "Flask, first steps", "Not started yet")]
    assert places == sorted(places)
    assert 'value="25"' in page
    browser.post("/learn/reading-code/why-read/complete")
    page = browser.get("/learn").text
    assert page.index("Flask, first steps") < page.index(">Finished<") < page.index("Reading code")


@pytest.mark.parametrize("enrolled_first", [True, False])
def test_a_course_is_begun_once_a_lesson_was_opened(
    cast: Cast, signed_in: Browser, app: Flask, enrolled_first: bool
) -> None:
    browser = signed_in(cast.cy)
    places = ("/learn/flask-first-steps/hello-flask/heartbeat", {"position": "0", "state": "opened"})
    with app.app_context():
        cy, course = cast.cy.id, cast.flask_course.id
        if not enrolled_first:  # a free preview, looked at before
            assert browser.post(places[0], data=places[1]).status_code == 204
        access.grant(cy, course, GrantSource.COMPLIMENTARY, cast.ada.id)
        enrollment.enroll(cy, course)
        db.session.commit()
    page = "/courses/flask-first-steps"
    if enrolled_first:
        assert "Not started yet" in browser.get("/learn").text
        assert "Start learning" in browser.get(page).text
        assert browser.post(places[0], data=places[1]).status_code == 204
    assert "Not started yet" not in browser.get("/learn").text
    assert "Continue learning" in browser.get("/").text
    assert "Continue learning" in browser.get(page).text


def test_a_finished_course_says_so_on_its_page(cast: Cast, signed_in: Browser) -> None:
    browser, page = signed_in(cast.cy), "/courses/reading-code"
    browser.post("/learn/reading-code/enroll")
    assert "Finished on" not in browser.get(page).text
    browser.post("/learn/reading-code/why-read/complete")
    box = browser.get(page).text
    assert [words in box for words in ("Finished on <time", "Open again", "100% complete")] == [
        True,
        True,
        False,
    ]
    assert "Continue learning" not in box
    browser.post("/courses/reading-code/review", data={"rating": "5", "comment": "It reads well."})
    assert (box.count("Write a review"), browser.get(page).text.count("Write a review")) == (2, 0)


def test_the_place_in_a_film_is_named(cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    data = {"position": "64.2", "state": "paused"}
    browser.post("/learn/flask-first-steps/forms-on-film/heartbeat", data=data)
    page = browser.get("/learn").text
    assert "Forms on film</bdi>, at 1:04" in page


def test_what_was_taken_back_or_ran_out_is_not_on_the_shelf(
    app: Flask, cast: Cast, signed_in: Browser
) -> None:
    browser = signed_in(cast.bo)
    for change in ({"revoked_at": clock.now()}, {"revoked_at": None, "expires_at": clock.now()}):
        with app.app_context():
            db.session.execute(update(AccessGrant).values(**change))
            db.session.commit()
        assert "Flask, first steps" not in browser.get("/learn").text


def test_many_courses_are_paged_with_few_queries(
    app: Flask, cast: Cast, signed_in: Browser, count_queries: Callable[[], int]
) -> None:
    with app.app_context():
        for n in range(30):
            course = Course(
                title=f"Course {n}", slug=f"course-{n}", creator_id=cast.ada.id, category_id=cast.web.id,
                status=ProductStatus.PUBLISHED, published_at=clock.now(),
            )  # fmt: skip
            db.session.add(course)
            db.session.flush()
            access.grant(cast.bo.id, course.id, GrantSource.FREE, course.id)
            enrollment.enroll(cast.bo.id, course.id)
        db.session.commit()
    browser = signed_in(cast.bo)
    app.extensions.pop("lectern_cache_site", None)
    first = browser.get("/learn")
    assert count_queries() <= 4
    assert first.text.count("own-course-body") == 24
    assert 'rel="next"' in first.text
    second = browser.get("/learn?page=2")
    assert second.text.count("own-course-body") == 7
    for odd in ("0", "-1", "3", "x", "1e9", "99999999999999999999", "٣", ""):
        assert browser.get(f"/learn?page={odd}").status_code == 404, odd


def test_the_order_is_that_of_last_use(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    browser.post("/learn/reading-code/enroll")
    with app.app_context():
        past = clock.now() - timedelta(days=3)
        db.session.execute(
            update(Enrollment)
            .where(Enrollment.course_id == cast.flask_course.id)
            .values(last_accessed_at=past)
        )
        db.session.commit()
    page = browser.get("/learn").text
    assert page.index("Reading code") < page.index("Flask, first steps")

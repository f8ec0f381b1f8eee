"""Who learns a creator's courses: what is shown of them, filters, pages, the file, and nobody else's."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from domain.base import clock
from models import Course, Enrollment, EnrollmentStatus, User, db
from tests.cast import START, Cast

Browser = Callable[[User], FlaskClient]
PAGE = "/studio/students"


def learners(app: Flask, course: Course, count: int, name: str = "Reader", **more: object) -> None:
    """So many people in the course, one a day, all at the same second of it."""
    with app.app_context():
        for number in range(count):
            user = User(email=f"{name}{number}@example.com".lower(), name=f"{name} {number}")
            db.session.add(user)
            db.session.flush()
            at = START + timedelta(days=1 + number // 2)
            row = Enrollment(
                user_id=user.id, course_id=course.id, enrolled_at=at, last_accessed_at=at, **more
            )
            db.session.add(row)
        db.session.commit()


def names(page: str) -> list[str]:
    """The names in the table, from the top."""
    rows = page.split("<tbody>")[1].split("</tbody>")[0].split("<tr>")[1:]
    cells = [row.split("<td>")[1].split('<span class="phone-only')[0].split("</td>")[0] for row in rows]
    return [cell.replace("<bdi>", "").replace("</bdi>", "") for cell in cells]


def test_name_progress_and_dates_and_no_address(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        db.session.scalars(select(Enrollment)).one().progress_percent = 40
        db.session.commit()
    page = signed_in(cast.ada).get(PAGE).text
    assert names(page) == ["Bo"]
    assert "40%" in page
    assert "bo@example.com" not in page
    with app.app_context():
        row = db.session.scalars(select(Enrollment)).one()
        row.status, row.completed_at = EnrollmentStatus.COMPLETED, clock.now()
        db.session.get_one(User, cast.bo.id).deleted_at = clock.now()
        db.session.commit()
    page = signed_in(cast.ada).get(PAGE).text
    assert "Former member" in page
    assert "Completed" in page
    assert ">Bo<" not in page


def test_pages_follow_each_other_without_gaps(app: Flask, cast: Cast, signed_in: Browser) -> None:
    learners(app, cast.flask_course, 60)
    browser, address, seen = signed_in(cast.ada), PAGE, list[str]()
    while address:
        page = browser.get(address).text
        seen += names(page)
        address = page.split('rel="next" href="')[1].split('"')[0] if 'rel="next"' in page else ""
    assert len(seen) == len(set(seen)) == 61
    assert seen.index("Reader 58") < seen.index("Reader 3")
    assert "Back to newest" in page


def test_by_course_and_by_name(app: Flask, cast: Cast, signed_in: Browser) -> None:
    learners(app, cast.free_course, 2, name="Ünal 100%_")
    browser = signed_in(cast.ada)
    assert names(browser.get(f"{PAGE}?course={cast.flask_course.id}").text) == ["Bo"]
    assert len(names(browser.get(f"{PAGE}?course={cast.free_course.id}").text)) == 2
    assert names(browser.get(f"{PAGE}?q=BO").text) == ["Bo"]
    assert len(names(browser.get(f"{PAGE}?q=100%25_").text)) == 2
    assert "No students found" in browser.get(f"{PAGE}?q=_o").text
    assert len(names(browser.get(PAGE + "?after=nonsense").text)) == 3


def test_a_name_is_found_as_it_is_now(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.ada)
    with app.app_context():
        db.session.get_one(User, cast.bo.id).name = "Beatrix"
        db.session.commit()
    assert names(browser.get(f"{PAGE}?q=beat").text) == ["Beatrix"]
    assert "No students found" in browser.get(f"{PAGE}?q=bo").text
    with app.app_context():
        db.session.get_one(User, cast.bo.id).deleted_at = clock.now()
        db.session.commit()
    assert "No students found" in browser.get(f"{PAGE}?q=beat").text
    with app.app_context():
        db.session.get_one(User, cast.bo.id).deleted_at = None
        db.session.commit()
    assert names(browser.get(f"{PAGE}?q=beat").text) == ["Beatrix"]


@pytest.mark.parametrize(
    ("address", "found"),
    [(f"{PAGE}?q=b%00o", "Bo"), (f"{PAGE}.csv?q=b%00o", "Bo"), ("/studio?q=fl%00ask", "Flask, first steps")],
)
def test_a_search_with_a_character_that_no_database_stores_is_one_without_it(
    address: str, found: str, cast: Cast, signed_in: Browser
) -> None:
    answer = signed_in(cast.ada).get(address)
    assert answer.status_code == 200
    assert found in answer.text


def test_another_creators_students_are_not_shown(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.nia)
    assert "No students yet" in browser.get(PAGE).text
    assert "No students found" in browser.get(f"{PAGE}?course={cast.flask_course.id}").text
    assert "Bo" not in browser.get(f"{PAGE}.csv?course={cast.flask_course.id}").text
    assert "Flask, first steps" not in browser.get(PAGE).text


def test_the_file_has_everybody_and_runs_nothing(app: Flask, cast: Cast, signed_in: Browser) -> None:
    learners(app, cast.flask_course, 30)
    learners(app, cast.free_course, 1, name="=cmd|' /C calc'!A0")
    answer = signed_in(cast.ada).get(f"{PAGE}.csv")
    assert answer.mimetype == "text/csv"
    assert answer.cache_control.no_store
    rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows[0][:3] == ["Name", "Course", "Progress in percent"]
    assert len(rows) == 33
    assert all(len(row) == 6 for row in rows)
    assert any(row[0].startswith("'=cmd") for row in rows)
    assert "@example.com" not in answer.text


def test_queries_are_few(
    app: Flask, cast: Cast, signed_in: Browser, count_queries: Callable[[], int]
) -> None:
    learners(app, cast.flask_course, 30)
    browser = signed_in(cast.ada)
    for address in (PAGE, f"{PAGE}?q=reader&course={cast.flask_course.id}"):
        browser.get(address)
        assert count_queries() <= 4


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true", "HX-Request-Type": "partial"}])
def test_in_place_only_the_list_is_sent(cast: Cast, signed_in: Browser, headers: dict[str, str]) -> None:
    page = signed_in(cast.ada).get(PAGE, headers=headers).text
    assert ("<html" in page) == (not headers)
    assert 'id="students"' in page

"""How a course does: the funnel, the lessons, ratings and sources of a period, and their files."""

import csv
import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock
from models import CourseAnalytics, CourseSource, LessonAnalytics, User, db
from tests.cast import Cast

Browser = Callable[[User], FlaskClient]


@pytest.fixture
def page(app: Flask, cast: Cast) -> str:
    """The address of the Flask course's numbers, of which there are some."""
    today = clock.now().date()
    own = {"course_id": cast.flask_course.id}
    with app.app_context():
        for back, views in ((0, 100), (3, 20), (60, 3000), (200, 40000)):
            day = today - timedelta(days=back)
            row = CourseAnalytics(
                **own, date=day, views=views, visitors=views // 2, enrollments=views // 10,
                completions=views // 20, watch_seconds=60 * views, rating_sum=9, rating_count=2, sales=1,
                revenue_cents=1900,
            )  # fmt: skip
            lesson = LessonAnalytics(
                **own, lesson_id=cast.text_lesson.id, date=day, starts=views // 5, completions=views // 50
            )
            source = CourseSource(**own, date=day, source="news.example", views=views)
            db.session.add_all([row, lesson, source])
        db.session.add(CourseSource(**own, date=today, source="direct", views=7))
        db.session.commit()
    return f"/studio/courses/{cast.flask_course.id}/analytics"


def rows(browser: FlaskClient, address: str) -> list[list[str]]:
    """A file's lines without its head."""
    answer = browser.get(address)
    assert answer.mimetype == "text/csv"
    return list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"))))[1:]


def test_the_funnel_of_each_period(cast: Cast, signed_in: Browser, page: str) -> None:
    browser = signed_in(cast.ada)
    for query, counts in (
        ("", ("120", "60", "12", "6")), ("?period=90d", ("3,120", "1,560", "312", "156")),
        ("?period=12m", ("43,120", "21,560", "4,312", "2,156")),
    ):  # fmt: skip
        funnel = browser.get(page + query).text.split('<ol class="funnel">')[1].split("</ol>")[0]
        assert tuple(part.split("</b>")[0] for part in funnel.split("<b>")[1:]) == counts


def test_lessons_ratings_and_sources(cast: Cast, signed_in: Browser, page: str) -> None:
    text = signed_in(cast.ada).get(page).text
    lesson = text.split("Routes<br>")[1].split("</tr>")[0]
    assert [part.split("</td>")[0] for part in lesson.split('<td class="number">')[1:]] == ["24", "2"]
    assert "Going live" in text, "a lesson that nobody opened"
    assert "Direct or unknown" in text
    assert "<dd>4.5</dd>" in text
    assert "20.0%" in text, "of the visitors enrolled"


def test_steps_leave_no_day_out(cast: Cast, signed_in: Browser, page: str) -> None:
    browser = signed_in(cast.ada)
    for query, bars in (("", {30}), ("?period=90d", {13}), ("?period=12m", {12, 13})):
        chart = browser.get(page + query).text.split('class="chart"')[1].split("</svg>")[0]
        assert chart.count("<rect") in bars


def test_the_files(cast: Cast, signed_in: Browser, page: str) -> None:
    browser = signed_in(cast.ada)
    days = rows(browser, f"{page}/days.csv?period=90d")
    assert [day[1] for day in days] == ["3000", "20", "100"]
    assert days[0][7:] == ["19.00", "USD"]
    assert [row[1:4] for row in rows(browser, f"{page}/lessons.csv")][1] == ["Routes", "24", "2"]
    assert rows(browser, f"{page}/sources.csv") == [["news.example", "120"], ["direct", "7"]]
    assert [row[1:] for row in rows(browser, f"{page}/ratings.csv")] == [["2", "4.50"], ["2", "4.50"]]
    assert browser.get(f"{page}/unknown.csv").status_code == 404


def test_nothing_to_show(cast: Cast, signed_in: Browser) -> None:
    text = signed_in(cast.ada).get(f"/studio/courses/{cast.free_course.id}/analytics").text
    assert "No data for the last 30 days" in text
    text = signed_in(cast.nia).get(f"/studio/courses/{cast.draft_course.id}/analytics").text
    assert "You’ll see data once the course is published." in text


def test_another_creators_course_is_not_found(cast: Cast, signed_in: Browser, page: str) -> None:
    for address in (page, f"{page}/days.csv"):
        assert signed_in(cast.nia).get(address).status_code == 404
        assert signed_in(cast.mo).get(address).status_code == 200


def test_queries_are_few(
    app: Flask, cast: Cast, signed_in: Browser, page: str, count_queries: Callable[[], int]
) -> None:
    signed_in(cast.ada).get(f"{page}?period=12m")
    assert count_queries() <= 7  # the settings among them, where they were read too long ago

"""The creator's numbers, asked with what looks like a mark or a month; tests/adversary asks other words."""

import uuid
from collections.abc import Callable
from urllib.parse import urlencode

from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock, pagination
from models import Review, User, db
from tests.adversary.hostile import Deal, send, trouble
from tests.cast import Cast
from tests.house.stage import NOBODYS_ID

Browser = Callable[[User], FlaskClient]
ASKED = ("course", "q", "after", "month", "rating", "unanswered", "period")
MARKS = (
    f"{10**17 - 1}-{'f' * 32}", f"0-{'0' * 32}", f"{10**18}-{'0' * 32}", f"-1-{'0' * 32}", "0" * 5000,
    f"٣-{'0' * 32}",
)  # fmt: skip


def test_hostile_queries(cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.ada)
    pages = [
        "/studio",
        "/studio/students",
        "/studio/students.csv",
        "/studio/earnings",
        "/studio/earnings.csv",
    ]
    pages += ["/studio/reviews", f"/studio/courses/{cast.flask_course.id}/analytics"]
    queries = [urlencode([(name, text) for name in ASKED]) for text in MARKS]
    queries += [
        urlencode({"month": month}) for month in ("2000-01", "2099-12", "2026-00", "0001-01", "２０２６-01")
    ]
    found = {
        (page, query[:80]): wrong
        for page in pages
        for query in queries
        if (wrong := trouble(send(browser, "GET", f"{page}?{query}")))
    }
    assert found == {}


def test_a_hostile_answer(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        row = Review(user_id=cast.bo.id, product_id=cast.flask_course.id, rating=4, comment="Good.")
        db.session.add(row)
        db.session.commit()
        address = f"/studio/reviews/{row.id}/reply"
    browser = signed_in(cast.ada)
    for text in Deal(8).texts():
        assert trouble(browser.post(address, data={"reply": text})) is None, text[:40]
        for page in ("/courses/flask-first-steps", "/studio/reviews", "/notifications", address):
            assert trouble(browser.get(page)) is None, (page, text[:40])
    assert browser.post(address, data={"reply": "a" * 1_000_000}).status_code == 422
    assert browser.post(f"/studio/reviews/{NOBODYS_ID}/reply", data={"reply": "x"}).status_code == 404


def test_marks_are_read_as_they_are_written() -> None:
    mark = pagination.Cursor(clock.now(), uuid.UUID(NOBODYS_ID))
    assert pagination.read(str(mark)) == mark
    assert pagination.read("nonsense") is None

"""What learners say, as creators read it, and their answers: who may, who is told, where they stand."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from domain.base import clock
from domain.platform import settings
from models import AuditEntry, Notification, NotificationKind, PlatformSettings, Review, User, db
from tests.cast import Cast

Browser = Callable[[User], FlaskClient]
PAGE = "/studio/reviews"
COURSE = "/courses/flask-first-steps"
SWAP = {"HX-Request": "true", "HX-Request-Type": "partial"}


@pytest.fixture
def bos(app: Flask, cast: Cast) -> Review:
    """Bo's review of the Flask course."""
    return write(app, cast, cast.bo, rating=4, comment="Clear and short.")


def write(app: Flask, cast: Cast, author: User, **values: object) -> Review:
    """A review of the Flask course."""
    with app.app_context():
        row = Review(user_id=author.id, product_id=cast.flask_course.id, **values)
        db.session.add(row)
        db.session.commit()
        db.session.refresh(row)
        db.session.expunge(row)
        return row


def told(app: Flask, person: User) -> list[Notification]:
    """What somebody was told of reviews."""
    kinds = (NotificationKind.REVIEW_REPLY, NotificationKind.REVIEW_RECEIVED)
    with app.app_context():
        query = select(Notification).where(Notification.user_id == person.id, Notification.kind.in_(kinds))
        rows = list(db.session.scalars(query))
        for row in rows:
            db.session.expunge(row)
        return rows


def test_an_answer_stands_beneath_the_review(
    app: Flask, client: FlaskClient, cast: Cast, signed_in: Browser, bos: Review
) -> None:
    browser = signed_in(cast.ada)
    assert "Clear and short." in browser.get(PAGE).text
    answer = browser.post(f"{PAGE}/{bos.id}/reply", data={"reply": "Thank you, <b>Bo</b>."})
    assert answer.status_code == 303
    assert f"#review-{bos.id.hex}" in answer.location
    page = client.get(COURSE).text
    assert "Creator’s reply" in page
    assert "Thank you, &lt;b&gt;Bo&lt;/b&gt;." in page
    assert "Thank you" in signed_in(cast.bo).get(COURSE).text
    assert "Edit your reply" in browser.get(PAGE).text
    [row] = told(app, cast.bo)
    assert row.title == "Ada replied to your review of “Flask, first steps”"
    with app.app_context():
        assert db.session.scalars(select(AuditEntry.action)).all() == ["reply"]


def test_it_can_be_changed_and_taken_back_and_the_author_is_told_once(
    app: Flask, client: FlaskClient, cast: Cast, signed_in: Browser, bos: Review
) -> None:
    browser = signed_in(cast.ada)
    for text in ("First words.", "Second words."):
        browser.post(f"{PAGE}/{bos.id}/reply", data={"reply": text})
    assert "Second words." in browser.get(f"{PAGE}/{bos.id}/reply").text
    page = client.get(COURSE).text
    assert "Second words." in page
    assert "First words." not in page
    for _ in range(2):
        assert browser.post(f"{PAGE}/{bos.id}/reply/delete").status_code == 303
    assert "Creator’s reply" not in client.get(COURSE).text
    browser.post(f"{PAGE}/{bos.id}/reply", data={"reply": "Third words."})
    assert len(told(app, cast.bo)) == 1


def test_in_place(app: Flask, cast: Cast, signed_in: Browser, bos: Review) -> None:
    browser = signed_in(cast.ada)
    form = browser.get(f"{PAGE}/{bos.id}/reply", headers=SWAP).text
    assert f'id="reply-{bos.id.hex}"' in form
    assert "<html" not in form
    wrong = browser.post(f"{PAGE}/{bos.id}/reply", data={"reply": "x" * 2001}, headers=SWAP)
    assert (wrong.status_code, "at most 2,000" in wrong.text) == (422, True)
    assert browser.post(f"{PAGE}/{bos.id}/reply", data={"reply": " "}).status_code == 422
    right = browser.post(f"{PAGE}/{bos.id}/reply", data={"reply": "Thanks."}, headers=SWAP)
    assert right.status_code == 200
    assert right.text.strip().startswith(f'<div class="numbers-reply" id="reply-{bos.id.hex}"')
    assert "Thanks." in right.text


def test_only_the_courses_creator_answers(app: Flask, cast: Cast, signed_in: Browser, bos: Review) -> None:
    for person in (cast.nia, cast.mo):
        browser = signed_in(person)
        assert browser.get(f"{PAGE}/{bos.id}/reply").status_code == 404
        assert browser.post(f"{PAGE}/{bos.id}/reply", data={"reply": "Mine."}).status_code == 404
        assert browser.post(f"{PAGE}/{bos.id}/reply/delete").status_code == 404
    page = signed_in(cast.nia).get(f"{PAGE}?course={cast.flask_course.id}").text
    assert "Clear and short." not in page


def test_hidden_reviews_are_neither_shown_nor_answered(app: Flask, cast: Cast, signed_in: Browser) -> None:
    hidden = write(app, cast, cast.cy, rating=1, comment="Rude.", flagged=True)
    browser = signed_in(cast.ada)
    assert "No reviews yet" in browser.get(PAGE).text
    assert browser.get(f"{PAGE}/{hidden.id}/reply").status_code == 404


def test_filters(app: Flask, cast: Cast, signed_in: Browser, bos: Review) -> None:
    write(app, cast, cast.cy, rating=2, comment="Too long.", reply="I see.", replied_at=clock.now())
    browser = signed_in(cast.ada)
    for query, shown in (
        ("", {"Clear", "Too long"}), ("?rating=2", {"Too long"}), ("?rating=5", set()),
        ("?unanswered=1", {"Clear"}), (f"?course={cast.free_course.id}", set()),
        (f"?course={cast.flask_course.id}&rating=4&unanswered=1", {"Clear"}),
    ):  # fmt: skip
        page = browser.get(PAGE + query).text
        assert {words for words in ("Clear", "Too long") if words in page} == shown, query


def test_pages_follow_each_other(app: Flask, cast: Cast, signed_in: Browser) -> None:
    with app.app_context():
        for number in range(45):
            user = User(email=f"r{number}@example.com", name=f"Reader {number}")
            db.session.add(user)
            db.session.flush()
            at = clock.now() - timedelta(hours=number // 2)
            row = Review(user_id=user.id, product_id=cast.flask_course.id, rating=4, created_at=at)
            db.session.add(row)
        db.session.commit()
    browser, address, seen = signed_in(cast.ada), PAGE, list[str]()
    while address:
        page = browser.get(address).text
        seen += [part.split('"')[0] for part in page.split('<article class="review" id="')[1:]]
        address = page.split('rel="next" href="')[1].split('"')[0] if 'rel="next"' in page else ""
    assert len(seen) == len(set(seen)) == 45


def test_a_creator_hears_of_a_new_review_once(app: Flask, cast: Cast, signed_in: Browser) -> None:
    browser = signed_in(cast.bo)
    for rating in ("4", "2"):
        browser.post(f"{COURSE}/review", data={"rating": rating, "comment": "Good."})
    [row] = told(app, cast.ada)
    assert row.title == "New review of “Flask, first steps”: 4 of 5 stars"
    assert signed_in(cast.ada).get(row.action_url).status_code == 200


def test_queries_are_few(
    app: Flask, cast: Cast, signed_in: Browser, bos: Review, count_queries: Callable[[], int]
) -> None:
    browser = signed_in(cast.ada)
    for address in (PAGE, f"{PAGE}/{bos.id}/reply"):
        browser.get(address)
        assert count_queries() <= 4


def test_words_of_the_shops_list_are_taken_in_no_answer(
    app: Flask, cast: Cast, client: FlaskClient, signed_in: Callable[[User], FlaskClient]
) -> None:
    with app.app_context():
        row = Review(user_id=cast.bo.id, product_id=cast.flask_course.id, rating=4, comment="Good.")
        db.session.add(row)
        db.session.merge(PlatformSettings(id=1, held_words=["cheap shoes"]))
        db.session.commit()
        settings.forget()
        address = f"/studio/reviews/{row.id}/reply"
    answer = signed_in(cast.ada).post(address, data={"reply": "Buy CHEAP shoes"})
    assert answer.status_code == 422
    assert "contains words that aren’t allowed" in answer.text
    assert "Buy CHEAP shoes" in answer.text
    assert "CHEAP" not in client.get("/courses/flask-first-steps").text

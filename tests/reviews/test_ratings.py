"""Ratings stay what the reviews add up to: when two write at once, and when they are counted anew."""

import itertools
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select, update
from sqlalchemy.engine import Engine

from domain.community import reviews
from models import Course, Product, Report, Review, ReviewVote, User, db
from tables import base
from tests.cast import Cast
from tests.reviews.conftest import ReviewedCourse

SignedIn = Callable[[User], FlaskClient]
REVIEW = "/courses/flask-first-steps/review"


@pytest.fixture
def without_lock(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No row lock on PostgreSQL; on SQLite no transaction, as its driver has it when left alone."""
    monkeypatch.setattr(reviews, "lock_reviews", lambda product_id: None)
    event.remove(Engine, "begin", base._begin_sqlite)
    yield
    event.listen(Engine, "begin", base._begin_sqlite)


@pytest.fixture
def overtaken(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[int]]:
    """A function that runs two calls at once: whoever has counted first lets the other finish, if it can."""
    counted, finished, real = threading.Event(), threading.Event(), reviews._tally
    patience = 10 if "without_lock" in request.fixturenames else 1.5

    def count(product_id: uuid.UUID) -> tuple[int, float]:
        found = real(product_id)
        if not counted.is_set():
            counted.set()
            finished.wait(patience)
        return found

    def run(first: Callable[[], int], second: Callable[[], int]) -> list[int]:
        monkeypatch.setattr(reviews, "_tally", count)
        answers: dict[int, int] = {}

        def go(place: int, call: Callable[[], int]) -> None:
            if place:
                counted.wait(5)
            answers[place] = call()
            if place:
                finished.set()

        threads = [threading.Thread(target=go, args=pair) for pair in enumerate((first, second))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return [answers[0], answers[1]]

    return run


def two_reviews(
    reviewed: ReviewedCourse, signed_in: SignedIn, overtaken: Callable[..., list[int]]
) -> list[int]:
    browsers = [signed_in(reviewed.owner()), signed_in(reviewed.owner())]

    def write(browser: FlaskClient, rating: int) -> int:
        return browser.post(REVIEW, data={"rating": str(rating)}).status_code

    return overtaken(partial(write, browsers[0], 5), partial(write, browsers[1], 2))


def test_two_reviews_at_once_both_count(
    reviewed: ReviewedCourse, signed_in: SignedIn, overtaken: Callable[..., list[int]]
) -> None:
    assert two_reviews(reviewed, signed_in, overtaken) == [303, 303]
    assert reviewed.rating() == (2, 3.5)


def test_without_the_lock_one_of_two_reviews_is_not_counted(
    reviewed: ReviewedCourse, signed_in: SignedIn, overtaken: Callable[..., list[int]], without_lock: None
) -> None:
    two_reviews(reviewed, signed_in, overtaken)
    assert reviewed.count(Review) == 2
    assert reviewed.rating() == (1, 5.0)


def report_and_delete(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn, overtaken: Callable[..., list[int]]
) -> list[int]:
    """Two of three reviews go at the same moment, one reported by a third owner and one deleted."""
    reviewed.review(reviewed.owner(), 5)
    reported = reviewed.review(reviewed.owner(), 1)
    reviewed.review(cast.bo, 3)
    reviewed.report(reported, reviewed.proved(), reviewed.proved())
    cy, bo = signed_in(reviewed.proved()), signed_in(cast.bo)
    return overtaken(
        lambda: cy.post(f"/reviews/{reported}/report", data={"reason": "abuse"}).status_code,
        lambda: bo.post(f"{REVIEW}/delete").status_code,
    )


def test_a_report_and_a_deletion_at_once_both_count(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn, overtaken: Callable[..., list[int]]
) -> None:
    assert report_and_delete(reviewed, cast, signed_in, overtaken) == [303, 303]
    assert reviewed.rating() == (1, 5.0)


def test_without_the_lock_a_deleted_review_is_still_counted(
    reviewed: ReviewedCourse,
    cast: Cast,
    signed_in: SignedIn,
    overtaken: Callable[..., list[int]],
    without_lock: None,
) -> None:
    report_and_delete(reviewed, cast, signed_in, overtaken)
    assert reviewed.rating() != (1, 5.0)


def at_once(*calls: Callable[[], int]) -> list[int]:
    """Run the calls at the same moment; their answers."""
    together, answers = threading.Barrier(len(calls)), [0] * len(calls)

    def go(place: int) -> None:
        together.wait(5)
        answers[place] = calls[place]()

    threads = [threading.Thread(target=go, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


def test_one_form_sent_by_two_tabs_at_once_is_one_review(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    tabs = [signed_in(cast.bo) for _ in range(3)]
    assert (
        at_once(*[lambda t=tab: t.post(REVIEW, data={"rating": "4"}).status_code for tab in tabs])
        == [303] * 3
    )
    assert len(reviewed.by(cast.bo)) == 1
    assert reviewed.rating() == (1, 4.0)


def test_the_index_allows_one_review_even_without_the_lock(
    reviewed: ReviewedCourse,
    cast: Cast,
    signed_in: SignedIn,
    monkeypatch: pytest.MonkeyPatch,
    without_lock: None,
) -> None:
    """Two that have both seen no review write one each; the database takes the first."""
    met, real = threading.Barrier(2), reviews.own_review

    def look_and_wait(user: User, product: Product) -> Review | None:
        found = real(user, product)
        if found is None:
            with suppress(threading.BrokenBarrierError):
                met.wait(10)
        return found

    tabs = [signed_in(cast.bo), signed_in(cast.bo)]
    monkeypatch.setattr(reviews, "own_review", look_and_wait)
    answers = at_once(*[lambda t=tab: t.post(REVIEW, data={"rating": "4"}).status_code for tab in tabs])
    assert sorted(answers) == [303, 500]
    assert len(reviewed.by(cast.bo)) == 1


def test_votes_at_once_are_all_counted(reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn) -> None:
    review = reviewed.review(cast.bo)
    voters = [signed_in(reviewed.owner()) for _ in range(3)] * 2
    address = f"/reviews/{review}/helpful"
    at_once(*[lambda v=voter: v.post(address, data={"helpful": "yes"}).status_code for voter in voters])
    found = reviewed.get(review)
    assert found is not None
    assert found.helpful_count == reviewed.count(ReviewVote) == 3


def test_one_person_reporting_twice_at_once_reports_once(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    review = reviewed.review(cast.bo, flagged=True, approved=True)
    tabs = [signed_in(cast.cy), signed_in(cast.cy)]
    address = f"/reviews/{review}/report"
    answers = at_once(*[lambda t=tab: t.post(address, data={"reason": "spam"}).status_code for tab in tabs])
    assert sorted(answers) == [303, 422]
    assert reviewed.count(Report) == 1


def test_counting_anew_corrects_what_is_wrong_and_nothing_else(
    app: Flask, reviewed: ReviewedCourse, cast: Cast
) -> None:
    reviewed.review(reviewed.owner(), 5)
    review = reviewed.review(reviewed.owner(), 2)
    reviewed.review(reviewed.owner(), 1, flagged=True)
    with app.app_context():
        db.session.add(ReviewVote(review_id=review, user_id=cast.cy.id))
        db.session.execute(update(Product).values(rating_count=7, rating_avg=1.5))
        db.session.commit()
        courses = len(db.session.scalars(select(Course)).all())
        assert reviews.recount_all() == courses + 1
        db.session.commit()
        assert reviews.recount_all() == 0
    assert reviewed.rating() == (2, 3.5)
    found = reviewed.get(review)
    assert found is not None
    assert found.helpful_count == 1


def test_averages_that_do_not_end_agree_with_themselves(app: Flask, reviewed: ReviewedCourse) -> None:
    for rating in (5, 4, 4):
        reviewed.review(reviewed.owner(), rating)
    with app.app_context():
        assert reviews.recount_all() == 0
    assert reviewed.rating() == (3, 4.3333)


def test_the_command_counts_anew(app: Flask, reviewed: ReviewedCourse, cast: Cast) -> None:
    reviewed.review(cast.bo, 3)
    with app.app_context():
        db.session.execute(update(Product).where(Product.id == reviewed.course.id).values(rating_count=9))
        db.session.commit()
    outcome = app.test_cli_runner().invoke(args=["stats", "rebuild"])
    assert outcome.exit_code == 0
    assert "Ratings: 1 corrected" in outcome.output
    assert reviewed.rating() == (1, 3.0)


def test_the_catalogue_shows_a_new_rating_at_once(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn
) -> None:
    best = "/courses?rating=4.5"
    assert "No courses found" in client.get(best).text
    bo = signed_in(cast.bo)
    bo.post(REVIEW, data={"rating": "5"})
    assert "No courses found" not in client.get(best).text
    bo.post(REVIEW, data={"rating": "1"})
    assert "No courses found" in client.get(best).text


def test_other_words_alone_leave_the_catalogue_alone(
    app: Flask, reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    bo = signed_in(cast.bo)
    bo.post(REVIEW, data={"rating": "5", "comment": "One."})
    stamps = []
    for comment in ("Two.", "Three."):
        bo.post(REVIEW, data={"rating": "5", "comment": comment})
        with app.app_context():
            stamps.append(
                db.session.scalar(select(Product.updated_at).where(Product.id == reviewed.course.id))
            )
    assert stamps[0] == stamps[1]


def test_hidden_says_the_same_in_python_and_in_sql(app: Flask, cast: Cast) -> None:
    with app.app_context():
        for number, (flagged, approved) in enumerate(itertools.product((True, False), repeat=2)):
            someone = User(email=f"r{number}@example.com", name="R")
            db.session.add(someone)
            db.session.flush()
            db.session.add(
                Review(
                    user_id=someone.id, product_id=cast.flask_course.id, rating=3, flagged=flagged,
                    approved=approved,
                )
            )  # fmt: skip
        db.session.flush()
        rows = list(db.session.scalars(select(Review)))
        found = set(db.session.scalars(select(Review.id).where(reviews.hidden())))
        columns = Review.__table__.alias().c
        assert found == set(db.session.scalars(select(columns.id).where(reviews.hidden(columns))))
        assert found == {row.id for row in rows if reviews.is_hidden(row)}
        assert 0 < len(found) < len(rows)

"""What was decided about a review binds its author and the course, whatever becomes of the row."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from domain.base import clock
from domain.community import text_decisions
from domain.learning import access
from domain.platform import moderation_queue, settings
from models import (
    GrantSource,
    ModerationItem,
    ModerationKind,
    Notification,
    PlatformSettings,
    Report,
    ReportOutcome,
    Review,
    ReviewStanding,
    User,
    Verdict,
    db,
)
from tests.cast import Cast
from tests.reviews.conftest import ReviewedCourse

SignedIn = Callable[[User], FlaskClient]
WRITE = "/courses/flask-first-steps/review"


@pytest.fixture
def held(app: Flask) -> None:
    """The shop's list of words that hold a review back."""
    with app.app_context():
        db.session.merge(PlatformSettings(id=1, held_words=["cheap shoes", "Café Noir"]))
        db.session.commit()
        settings.forget()


def said(comment: str, rating: str = "1") -> dict[str, str]:
    return {"rating": rating, "comment": comment}


def test_a_hidden_review_does_not_come_back_by_deleting_and_writing_it_anew(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, app: Flask
) -> None:
    review = reviewed.review(cast.bo, 1, "Buy shoes.")
    reviewed.report(review, cast.cy)
    reviewed.decide(review, cast.mo, Verdict.HIDDEN)
    bo = signed_in(cast.bo)
    assert bo.post(f"{WRITE}/delete").status_code == 303
    assert reviewed.by(cast.bo) == []
    assert bo.post(WRITE, data=said("Buy shoes!")).status_code == 303
    assert "stays hidden until we’ve checked it" in bo.get(reviewed.page).text
    assert "Buy shoes!" not in client.get(reviewed.page).text
    assert reviewed.rating() == (0, 0.0)
    [anew] = reviewed.by(cast.bo)
    with app.app_context():
        assert moderation_queue.waiting(ModerationKind.REVIEW, anew.id) is not None
    past = signed_in(cast.mo).get(f"/admin/moderation/{open_item(app)}").text
    assert "Taken down" in past, "the admin sees what was decided about the one before"
    reviewed.decide(anew.id, cast.mo, Verdict.APPROVED)
    assert "Buy shoes!" in client.get(reviewed.page).text
    assert reviewed.rating() == (1, 1.0)


def test_also_after_giving_the_course_back_and_getting_it_again(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, app: Flask
) -> None:
    review = reviewed.review(cast.bo, 1, "Buy shoes.")
    reviewed.report(review, cast.cy)
    reviewed.decide(review, cast.mo, Verdict.HIDDEN)
    bo = signed_in(cast.bo)
    with app.app_context():
        for grant in access.grants_of(cast.bo, cast.flask_course):
            grant.revoked_at = clock.now()
        db.session.commit()
    bo.post(f"{WRITE}/delete")
    with app.app_context():
        access.grant(cast.bo.id, cast.flask_course.id, GrantSource.FREE, cast.flask_course.id)
        db.session.commit()
    bo.post(WRITE, data=said("Other words."))
    assert "Other words." not in client.get(reviewed.page).text


def test_deleting_a_reported_review_leaves_it_in_the_queue_once_it_is_written_again(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, app: Flask
) -> None:
    review = reviewed.review(cast.bo, 1, "Buy shoes.")
    reviewed.report(review, cast.cy)
    bo = signed_in(cast.bo)
    bo.post(f"{WRITE}/delete")
    bo.post(WRITE, data=said("Buy shoes."))
    assert "Buy shoes." in client.get(reviewed.page).text, "nobody has decided against it"
    [anew] = reviewed.by(cast.bo)
    with app.app_context():
        assert moderation_queue.waiting(ModerationKind.REVIEW, anew.id) is not None


def test_hidden_by_owners_it_stays_hidden_after_deleting_and_writing_it_anew(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn
) -> None:
    review = reviewed.review(cast.bo, 1, "Buy shoes.")
    reviewed.report(review, reviewed.proved(), reviewed.proved(), reviewed.proved())
    bo = signed_in(cast.bo)
    bo.post(f"{WRITE}/delete")
    bo.post(WRITE, data=said("Buy shoes."))
    assert "Buy shoes." not in client.get(reviewed.page).text


def test_approved_words_stay_approved_and_the_same_people_report_them_no_more(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn
) -> None:
    review = reviewed.review(cast.bo, 2, "Harsh.")
    reviewed.report(review, cast.cy)
    reviewed.decide(review, cast.mo, Verdict.APPROVED)
    bo = signed_in(cast.bo)
    bo.post(f"{WRITE}/delete")
    bo.post(WRITE, data=said("Harsh."))
    [anew] = reviewed.by(cast.bo)
    assert anew.approved
    cy = signed_in(cast.cy)
    again = cy.post(f"/reviews/{anew.id}/report", data={"reason": "spam"})
    assert again.status_code == 422
    assert "We looked at it, and it stays." in again.text
    reviewed.report(anew.id, *(reviewed.proved() for _ in range(3)))
    assert "Harsh." in client.get(reviewed.page).text, "owners don’t overrule an admin"
    bo.post(WRITE, data=said("Quite other words."))
    assert cy.post(f"/reviews/{anew.id}/report", data={"reason": "spam"}).status_code == 303


def test_a_restored_review_binds_as_an_approved_one(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, app: Flask
) -> None:
    review = reviewed.review(cast.bo, 2, "Harsh.")
    reviewed.report(review, cast.cy)
    reviewed.decide(review, cast.mo, Verdict.HIDDEN)
    with app.app_context():
        item = db.session.scalars(select(ModerationItem.id)).one()
        assert db.session.scalars(select(Report.outcome)).all() == [ReportOutcome.UPHELD]
    mo = signed_in(cast.mo)
    assert mo.post(f"/admin/moderation/{item}/restore").status_code == 303
    bo = signed_in(cast.bo)
    bo.post(f"{WRITE}/delete")
    bo.post(WRITE, data=said("Harsh."))
    assert "Harsh." in client.get(reviewed.page).text


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("words", ["Get CHEAP  shoes now", "cheap-shoes!", "at cafe noir", "at CAFÉ NOIR."])
def test_words_of_the_shops_list_hold_a_review_back(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, app: Flask, words: str
) -> None:
    bo = signed_in(cast.bo)
    bo.post(WRITE, data=said(words))
    assert "stays hidden until we’ve checked it" in bo.get(reviewed.page).text
    assert words not in client.get(reviewed.page).text
    assert reviewed.rating() == (0, 0.0)
    assert told_of_reviews(app) == 0
    [row] = reviewed.by(cast.bo)
    reviewed.decide(row.id, cast.mo, Verdict.APPROVED)
    assert reviewed.rating() == (1, 1.0)
    assert told_of_reviews(app) == 1, "its creator is told once it is shown"
    bo.post(WRITE, data=said(words, rating="5"))
    assert reviewed.rating() == (1, 5.0), "the same words were approved"


@pytest.mark.usefixtures("held")
@pytest.mark.parametrize("words", ["cheap", "shoes cheap", "cheapshoes", "cheap red shoes"])
def test_other_words_hold_nothing_back(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn, words: str
) -> None:
    signed_in(cast.bo).post(WRITE, data=said(words))
    assert reviewed.rating() == (1, 1.0)


def test_the_list_is_kept_in_the_settings(app: Flask, cast: Cast, signed_in: SignedIn) -> None:
    mo = signed_in(cast.mo)
    sent = {"platform_fee_percent": "30", "held_words": "cheap shoes\n\ncasino"}
    assert mo.post("/admin/settings/rules", data=sent).status_code == 303
    with app.app_context():
        assert settings.current().held_words == ["cheap shoes", "casino"]
        assert text_decisions.has_held_words("A CASINO!")
    assert "casino" in mo.get("/admin/settings/rules").text
    long = {**sent, "held_words": "x" * 101}
    assert mo.post("/admin/settings/rules", data=long).status_code == 422


def test_a_word_put_on_the_list_later_hides_what_is_reported(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, app: Flask
) -> None:
    review = reviewed.review(cast.bo, 1, "Buy cheap shoes.")
    with app.app_context():
        db.session.merge(PlatformSettings(id=1, held_words=["cheap shoes"]))
        db.session.commit()
        settings.forget()
    assert reviewed.rating() == (1, 1.0)
    reviewed.report(review, cast.cy)
    assert reviewed.rating() == (0, 0.0)


def open_item(app: Flask) -> object:
    with app.app_context():
        return db.session.scalars(select(ModerationItem.id).where(ModerationItem.closed_at.is_(None))).one()


def told_of_reviews(app: Flask) -> int:
    with app.app_context():
        keys = db.session.scalars(select(Notification.key)).all()
        return sum(1 for key in keys if key and key.startswith("review:"))


def test_nothing_is_remembered_of_a_review_that_nobody_reported(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, app: Flask
) -> None:
    bo = signed_in(cast.bo)
    bo.post(WRITE, data=said("Fine."))
    bo.post(f"{WRITE}/delete")
    bo.post(WRITE, data=said("Fine again."))
    assert "Fine again." in client.get(reviewed.page).text
    with app.app_context():
        assert db.session.scalars(select(ReviewStanding)).all() == []
        assert db.session.scalars(select(Review.flagged)).all() == [False]

"""What a creator answers can be reported like a review: it waits, and what is decided binds the creator."""

import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

import jobs
from domain.base import clock
from domain.moderation import decisions, verdicts
from domain.platform import moderation_queue, settings
from models import (
    AuditEntry,
    ModerationItem,
    ModerationKind,
    Notification,
    PlatformSettings,
    ReplyStanding,
    Report,
    ReportOutcome,
    Review,
    Standing,
    User,
    Verdict,
    db,
)
from tests.cast import Cast
from tests.reviews.conftest import HTMX, ReviewedCourse

SignedIn = Callable[[User], FlaskClient]
SPAM = {"reason": "spam", "note": "Sells shoes."}
WRITE = "/courses/flask-first-steps/review"


@pytest.fixture
def review(reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn) -> uuid.UUID:
    """What bo says of the course, with what ada answered."""
    written = reviewed.review(cast.bo, 2, "Harsh.")
    answer(signed_in(cast.ada), written, "Learn to read, Bo.")
    return written


def answer(ada: FlaskClient, review: uuid.UUID, words: str) -> str:
    return ada.post(f"/studio/reviews/{review}/reply", data={"reply": words}, follow_redirects=True).text


def report(reader: FlaskClient, review: uuid.UUID, **more: str) -> int:
    return reader.post(f"/reviews/{review}/reply/report", data={**SPAM, **more}).status_code


def decide(
    reviewed: ReviewedCourse, review: uuid.UUID, admin: User, verdict: Verdict, notes: str = ""
) -> None:
    with reviewed.app.app_context():
        item = moderation_queue.waiting(ModerationKind.REPLY, review)
        assert item is not None
        decision = verdicts.ModerationDecision(verdict, "", notes)
        decisions.decide(item, db.session.get_one(User, admin.id), decision)
        db.session.commit()


def carry_out(app: Flask) -> None:
    """Let the worker do what was decided, once it can't be taken back any more."""
    with time_machine.travel(clock.now() + timedelta(seconds=11)), app.app_context():
        jobs.run_all()


def waits(reviewed: ReviewedCourse, review: uuid.UUID) -> bool:
    with reviewed.app.app_context():
        return moderation_queue.waiting(ModerationKind.REPLY, review) is not None


def told(reviewed: ReviewedCourse, person: User) -> list[str]:
    with reviewed.app.app_context():
        query = select(Notification.title).where(Notification.user_id == person.id).order_by(Notification.id)
        return list(db.session.scalars(query))


def test_one_report_waits_and_the_answer_stays_meanwhile(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, review: uuid.UUID
) -> None:
    bo = signed_in(cast.bo)
    assert f"/reviews/{review}/reply/report" in bo.get(reviewed.page).text
    form = bo.get(f"/reviews/{review}/reply/report").text
    assert "Report a reply" in form
    assert "Learn to read, Bo." in form
    assert report(bo, review) == 303
    assert "We’ll look into this reply" in bo.get(reviewed.page).text
    assert "Learn to read, Bo." in client.get(reviewed.page).text
    assert not reviewed.get(review).flagged  # type: ignore[union-attr]
    assert report(bo, review) == 422, "once is enough"
    mo = signed_in(cast.mo)
    with reviewed.app.app_context():
        item = db.session.scalars(select(ModerationItem)).one()
        assert (item.kind, item.subject_id, item.creator_id) == (ModerationKind.REPLY, review, cast.ada.id)
        where = f"/admin/moderation/{item.id}"
    page = mo.get(where).text
    assert all(words in page for words in ("Reported reply", "Learn to read, Bo.", "Sells shoes.", "Hide it"))
    assert "Replies" in mo.get("/admin/moderation").text


def test_hidden_it_is_gone_for_all_but_its_creator_and_does_not_come_back(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, review: uuid.UUID
) -> None:
    report(signed_in(cast.bo), review)
    decide(reviewed, review, cast.mo, Verdict.HIDDEN, "Be kind.")
    bo, ada = signed_in(cast.bo), signed_in(cast.ada)
    for browser in (client, bo, signed_in(cast.cy)):
        page = browser.get(reviewed.page).text
        assert ("Harsh." in page, "Learn to read" in page) == (True, False)
    assert report(signed_in(cast.cy), review) == 404
    assert "Learn to read" in signed_in(cast.mo).get(reviewed.page).text
    studio = ada.get("/studio/reviews").text
    assert "Learn to read" in studio
    assert "Hidden until checked" in studio
    assert any("reply to a review" in title for title in told(reviewed, cast.ada))
    assert "We’ve checked the reply you reported" in told(reviewed, cast.bo)
    assert "hidden until we’ve checked it" in answer(ada, review, "Read it twice, Bo.")
    assert "Read it twice" not in client.get(reviewed.page).text
    ada.post(f"/studio/reviews/{review}/reply/delete")
    answer(ada, review, "Third try.")
    assert "Third try." not in client.get(reviewed.page).text
    bo.post(f"{WRITE}/delete")
    bo.post(WRITE, data={"rating": "2", "comment": "Harsh again."})
    anew = reviewed.by(cast.bo)[0].id
    answer(ada, anew, "Fourth try.")
    assert "Fourth try." not in client.get(reviewed.page).text
    decide(reviewed, anew, cast.mo, Verdict.APPROVED)
    assert "Fourth try." in client.get(reviewed.page).text
    assert any("replied to your review" in title for title in told(reviewed, cast.bo))


def test_what_was_approved_stays_and_who_was_answered_is_not_heard_again(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, review: uuid.UUID
) -> None:
    bo, ada = signed_in(cast.bo), signed_in(cast.ada)
    report(bo, review)
    decide(reviewed, review, cast.mo, Verdict.APPROVED)
    with reviewed.app.app_context():
        assert db.session.scalars(select(Report.outcome)).all() == [ReportOutcome.DISMISSED]
    assert report(bo, review) == 422
    ada.post(f"/studio/reviews/{review}/reply/delete")
    answer(ada, review, "Learn to read, Bo.")
    assert report(bo, review) == 422
    reviewed.report(review, cast.cy)  # of the review, which is another thing
    assert waits(reviewed, review) is False
    for _ in range(3):
        report(signed_in(reviewed.proved()), review)
    assert "Learn to read, Bo." in client.get(reviewed.page).text


def test_several_owners_hide_an_answer_and_the_log_says_so(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, review: uuid.UUID
) -> None:
    for _ in range(2):
        report(signed_in(reviewed.proved()), review)
    report(signed_in(cast.bo), review)
    assert "Learn to read" in client.get(reviewed.page).text, "whose review it answers isn't independent"
    last = signed_in(reviewed.proved())
    assert report(last, review) == 303
    assert "hidden until we’ve looked at it" in last.get(reviewed.page).text
    assert "Learn to read" not in client.get(reviewed.page).text
    with reviewed.app.app_context():
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "hide_reply_by_rule")).one()
        assert (entry.actor_id, entry.note) == (None, "3 owners agree")


def test_words_that_came_onto_the_list_later_hide_it_at_the_first_report(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, review: uuid.UUID
) -> None:
    with reviewed.app.app_context():
        db.session.get_one(PlatformSettings, 1).held_words = ["learn to read"]
        db.session.commit()
        settings.forget()
    report(signed_in(cast.cy), review)
    assert "Learn to read" not in client.get(reviewed.page).text


def test_removing_what_was_reported_and_answering_anew_is_looked_at(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, review: uuid.UUID
) -> None:
    ada = signed_in(cast.ada)
    report(signed_in(cast.cy), review)
    ada.post(f"/studio/reviews/{review}/reply/delete")
    assert not waits(reviewed, review)
    answer(ada, review, "Something else.")
    assert "Something else." in client.get(reviewed.page).text
    assert waits(reviewed, review)


def test_deleting_the_review_remembers_what_waited_beneath_it(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn, review: uuid.UUID
) -> None:
    report(signed_in(cast.cy), review)
    signed_in(cast.bo).post(f"{WRITE}/delete")
    with reviewed.app.app_context():
        row = db.session.scalars(select(ReplyStanding)).one()
        assert (row.user_id, row.reviewer_id) == (cast.ada.id, cast.bo.id)
        assert row.standing == Standing.REPORTED
        item = db.session.scalars(select(ModerationItem)).one()
        assert item.verdict == Verdict.WITHDRAWN


def test_who_may_report_and_what_there_is_to_report(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, review: uuid.UUID
) -> None:
    assert report(signed_in(cast.ada), review) == 403
    assert f"{review}/reply/report" not in signed_in(cast.ada).get(reviewed.page).text
    assert report(signed_in(cast.una), review) == 422
    assert client.post(f"/reviews/{review}/reply/report", data=SPAM).status_code == 303
    assert report(signed_in(cast.cy), review, reason="boring") == 422
    assert report(signed_in(cast.cy), reviewed.review(reviewed.owner())) == 404, "nobody has answered"
    assert reviewed.count(Report) == 0


def test_a_report_of_the_review_and_one_of_the_answer_are_two(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn, review: uuid.UUID
) -> None:
    cy = signed_in(cast.cy)
    assert cy.post(f"/reviews/{review}/report", data=SPAM).status_code == 303
    assert report(cy, review) == 303
    decide(reviewed, review, cast.mo, Verdict.HIDDEN)
    with reviewed.app.app_context():
        outcomes = {row.about_reply: row.outcome for row in db.session.scalars(select(Report))}
        assert outcomes == {False: None, True: ReportOutcome.UPHELD}


def test_in_place_the_form_comes_beneath_the_answer(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn, review: uuid.UUID
) -> None:
    cy = signed_in(cast.cy)
    form = cy.get(f"/reviews/{review}/reply/report", headers=HTMX).text
    assert form.lstrip().startswith(f'<div class="card is-padded" id="report-reply-{review.hex}"')
    done = cy.post(f"/reviews/{review}/reply/report", data=SPAM, headers=HTMX)
    assert "We’ll look into this reply" in done.text


def test_an_admin_decides_by_the_page_and_can_show_it_again(
    reviewed: ReviewedCourse,
    cast: Cast,
    client: FlaskClient,
    signed_in: SignedIn,
    review: uuid.UUID,
    app: Flask,
) -> None:
    report(signed_in(cast.cy), review)
    mo = signed_in(cast.mo)
    with app.app_context():
        key = db.session.scalars(select(ModerationItem.id)).one()
    assert mo.post(f"/admin/moderation/{key}/decide", data={"verdict": "hidden"}).status_code == 303
    carry_out(app)
    assert "Learn to read" not in client.get(reviewed.page).text
    assert "Show the reply again" in mo.get(f"/admin/moderation/{key}").text
    assert mo.post(f"/admin/moderation/{key}/restore").status_code == 303
    assert "Learn to read" in client.get(reviewed.page).text
    assert "Reply" in mo.get("/admin/moderation/history?kind=reply").text


def test_an_answer_that_changed_meanwhile_is_not_decided(
    reviewed: ReviewedCourse,
    cast: Cast,
    client: FlaskClient,
    signed_in: SignedIn,
    review: uuid.UUID,
    app: Flask,
) -> None:
    report(signed_in(cast.cy), review)
    with app.app_context():
        key = db.session.scalars(select(ModerationItem.id)).one()
    signed_in(cast.mo).post(f"/admin/moderation/{key}/decide", data={"verdict": "hidden"})
    answer(signed_in(cast.ada), review, "Sorry, Bo.")
    carry_out(app)
    assert "Sorry, Bo." in client.get(reviewed.page).text
    assert waits(reviewed, review)


def test_the_same_words_again_change_nothing(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn, review: uuid.UUID
) -> None:
    before = reviewed.get(review)
    answer(signed_in(cast.ada), review, "Learn to read, Bo.")
    after = reviewed.get(review)
    assert isinstance(before, Review)
    assert isinstance(after, Review)
    assert before.replied_at == after.replied_at
    assert after.replied_at is not None
    assert after.replied_at <= clock.now()

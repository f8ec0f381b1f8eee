"""Reports wait for an admin; only several owners together hide a review, and what was approved stays."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from domain.base import clock
from models import (
    AuditEntry,
    Course,
    Order,
    OrderStatus,
    ProductVisibility,
    Purchase,
    PurchaseStatus,
    Report,
    ReportOutcome,
    ReportReason,
    Review,
    User,
    Verdict,
    db,
)
from tests.cast import Cast, share_of
from tests.reviews.conftest import HTMX, ReviewedCourse

SignedIn = Callable[[User], FlaskClient]
SPAM = {"reason": "spam", "note": "Sells shoes."}


def test_one_report_waits_for_an_admin_and_changes_no_rating(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn
) -> None:
    reviewed.review(reviewed.owner(), 5, "Fine.")
    review = reviewed.review(cast.bo, 1, "Buy shoes.")
    cy = signed_in(cast.cy)
    form = cy.get(f"/reviews/{review}/report").text
    assert "Buy shoes." in form
    answer = cy.post(f"/reviews/{review}/report", data=SPAM)
    assert (answer.status_code, answer.location) == (303, "/courses/flask-first-steps#reviews")
    assert "We’ll look into this review" in cy.get(reviewed.page).text
    assert "Buy shoes." in client.get(reviewed.page).text
    assert reviewed.rating() == (2, 3.0)
    reviewed.decide(review, cast.mo, Verdict.HIDDEN)
    assert "Buy shoes." not in client.get(reviewed.page).text
    assert reviewed.rating() == (1, 5.0)


def test_strangers_together_hide_nothing(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, app: Flask
) -> None:
    with app.app_context():
        many = [
            User(email=f"s{n}@example.com", name=f"S{n}", email_verified_at=clock.now()) for n in range(5)
        ]
        db.session.add_all(many)
        db.session.commit()
        for one in many:
            db.session.refresh(one)
            db.session.expunge(one)
    review = reviewed.review(cast.bo, 1, "Harsh.")
    reviewed.report(review, *many, cast.ada)
    assert "Harsh." in client.get(reviewed.page).text
    assert reviewed.rating() == (1, 1.0)


def test_several_owners_hide_a_review_at_once_and_the_log_says_so(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn, app: Flask
) -> None:
    reviewed.review(reviewed.owner(), 5)
    review = reviewed.review(cast.bo, 1, "Buy shoes.")
    suspended = reviewed.proved()
    reviewed.report(review, reviewed.proved(), reviewed.proved(), suspended, cast.ada)
    reviewed.change(Review, review, flagged=False)
    reviewed.change(User, suspended.id, suspended_at=clock.now())
    assert reviewed.rating() == (2, 3.0)
    last = signed_in(reviewed.proved())
    assert last.post(f"/reviews/{review}/report", data=SPAM).status_code == 303
    assert "hidden until we’ve looked at it" in last.get(reviewed.page).text
    assert "Buy shoes." not in client.get(reviewed.page).text
    assert reviewed.rating() == (1, 5.0)
    with app.app_context():
        entry = db.session.scalars(
            select(AuditEntry).where(AuditEntry.action == "hide_review_by_rule")
        ).all()[-1]
        assert (entry.actor_id, entry.note) == (None, "3 owners agree")


@pytest.mark.parametrize(("days", "percent"), [(0, 100), (13, 100), (400, 0), (400, 19)])
def test_whoever_enrolled_for_nothing_hides_nothing(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, days: int, percent: int
) -> None:
    reviewed.course, reviewed.page = cast.free_course, "/courses/reading-code"
    review = reviewed.review(reviewed.owner(), 1, "Harsh.")
    reviewed.report(review, *(reviewed.proved(days, percent) for _ in range(4)))
    assert "Harsh." in client.get(reviewed.page).text
    reviewed.report(review, *(reviewed.proved(15, 20) for _ in range(3)))
    assert "Harsh." not in client.get(reviewed.page).text


def test_whoever_has_paid_counts_at_once(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, app: Flask
) -> None:
    review = reviewed.review(reviewed.owner(), 1, "Harsh.")
    buyers = [reviewed.owner(email_verified_at=clock.now()) for _ in range(3)]
    with app.app_context():
        for buyer, cents in zip(buyers, (1900, 1900, 0), strict=True):
            _buy(cast, buyer, cents)
        db.session.commit()
    reviewed.report(review, *buyers)
    assert "Harsh." in client.get(reviewed.page).text, "one was given it for nothing"
    reviewed.report(review, cast.bo)
    assert "Harsh." not in client.get(reviewed.page).text


def _buy(cast: Cast, buyer: User, cents: int) -> None:
    order = Order(
        number=f"LN-{buyer.id.hex[-12:]}", user_id=buyer.id, cart_key="x", subtotal_cents=cents,
        total_cents=cents, currency="usd", status=OrderStatus.COMPLETED,
    )  # fmt: skip
    db.session.add(order)
    db.session.flush()
    purchase = Purchase(
        order_id=order.id, user_id=buyer.id, owner_id=buyer.id, product_id=cast.flask_course.id,
        price_cents=1900, amount_cents=cents, product_snapshot={}, currency="usd",
        status=PurchaseStatus.COMPLETED,
    )  # fmt: skip
    db.session.add(share_of(purchase, cast.flask_course, fee=0))


def test_what_was_decided_today_does_not_count_as_sent_today(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn, app: Flask
) -> None:
    ids = reviewed.many(20)
    reviewed.report(ids[0], cast.cy)
    with app.app_context():
        long_ago = clock.now() - timedelta(days=3)
        for one in ids[1:]:
            db.session.add(
                Report(
                    review_id=one, user_id=cast.cy.id, reason=ReportReason.SPAM, created_at=long_ago,
                    outcome=ReportOutcome.DISMISSED, closed_at=clock.now(), updated_at=clock.now(),
                )
            )  # fmt: skip
        db.session.commit()
    more = reviewed.review(cast.bo)
    assert signed_in(cast.cy).post(f"/reviews/{more}/report", data=SPAM).status_code == 303


def test_a_person_sends_so_many_reports_a_day_and_no_more(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn, app: Flask
) -> None:
    ids = reviewed.many(20)
    cy = signed_in(cast.cy)
    for one in ids:
        assert cy.post(f"/reviews/{one}/report", data=SPAM).status_code == 303
    more = reviewed.review(cast.bo)
    answer = cy.post(f"/reviews/{more}/report", data=SPAM)
    assert answer.status_code == 422
    assert "20 reports today" in answer.text
    assert "Sells shoes." in answer.text
    of_course = cy.post("/courses/flask-first-steps/report", data=SPAM)
    assert of_course.status_code == 422
    assert "20 reports today" in of_course.text
    with app.app_context():
        before = clock.now() - timedelta(hours=25)
        db.session.execute(update(Report).values(created_at=before, updated_at=before))
        db.session.commit()
    assert cy.post(f"/reviews/{more}/report", data=SPAM).status_code == 303


def test_a_report_says_who_and_why(reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn) -> None:
    review = reviewed.review(cast.bo)
    signed_in(cast.cy).post(f"/reviews/{review}/report", data=SPAM)
    [report] = reports(reviewed)
    assert (report.user_id, report.review_id) == (cast.cy.id, review)
    assert (report.reason, report.note) == (ReportReason.SPAM, "Sells shoes.")


def test_approved_it_is_seen_again_and_no_report_hides_it(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn
) -> None:
    review = reviewed.review(cast.bo, 2, "Harsh.")
    signed_in(cast.cy).post(f"/reviews/{review}/report", data=SPAM)
    reviewed.change(Review, review, approved=True)
    assert "Harsh." in client.get(reviewed.page).text
    nia = signed_in(cast.nia)
    assert nia.post(f"/reviews/{review}/report", data=SPAM).status_code == 303
    assert "We’ve checked this review before, so it stays" in nia.get(reviewed.page).text
    assert "Harsh." in client.get(reviewed.page).text
    assert reviewed.count(Report) == 2
    assert reviewed.rating() == (1, 2.0)


def test_an_approval_is_for_the_words_that_were_approved(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn
) -> None:
    review = reviewed.review(cast.bo, 2, "Harsh.")
    cy = signed_in(cast.cy)
    cy.post(f"/reviews/{review}/report", data=SPAM)
    reviewed.decide(review, cast.mo, Verdict.APPROVED)
    bo = signed_in(cast.bo)
    bo.post("/courses/flask-first-steps/review", data={"rating": "3", "comment": "Harsh."})
    found = reviewed.get(review)
    assert found is not None
    assert (found.flagged, found.approved) == (False, True)
    bo.post("/courses/flask-first-steps/review", data={"rating": "3", "comment": "Buy shoes."})
    assert "Buy shoes." in client.get(reviewed.page).text
    assert cy.post(f"/reviews/{review}/report", data=SPAM).status_code == 303
    found = reviewed.get(review)
    assert found is not None
    assert not found.approved
    assert reviewed.count(Report) == 1


def test_changing_a_hidden_review_does_not_bring_it_back(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn
) -> None:
    reviewed.review(cast.bo, 1, "Rude.", flagged=True)
    bo = signed_in(cast.bo)
    bo.post("/courses/flask-first-steps/review", data={"rating": "5", "comment": "Kind."})
    assert "stays hidden until we’ve checked it" in bo.get(reviewed.page).text
    assert "Kind." not in client.get(reviewed.page).text
    assert reviewed.rating() == (0, 0.0)


def test_once_for_every_person(reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn) -> None:
    review = reviewed.review(cast.bo, flagged=True, approved=True)
    cy = signed_in(cast.cy)
    assert cy.post(f"/reviews/{review}/report", data=SPAM).status_code == 303
    again = cy.post(f"/reviews/{review}/report", data={"reason": "abuse", "note": "Still."})
    assert again.status_code == 422
    assert "already reported this review" in again.text
    assert "Still." in again.text
    [report] = reports(reviewed)
    assert report.reason == ReportReason.SPAM


def test_nobody_reports_themselves(reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn) -> None:
    review = reviewed.review(cast.bo)
    bo = signed_in(cast.bo)
    assert bo.get(f"/reviews/{review}/report").status_code == 403
    assert bo.post(f"/reviews/{review}/report", data=SPAM).status_code == 403
    assert reviewed.count(Report) == 0
    assert reviewed.rating() == (1, 4.0)


@pytest.mark.parametrize("typed", [{}, {"reason": "boring"}, {"reason": "spam", "note": "x" * 501}])
def test_bad_input_is_answered_with_the_form(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn, typed: dict[str, str]
) -> None:
    review = reviewed.review(cast.bo)
    answer = signed_in(cast.cy).post(f"/reviews/{review}/report", data={"note": "Typed.", **typed})
    assert answer.status_code == 422
    assert "has-error" in answer.text
    assert typed.get("note", "Typed.") in answer.text
    assert reviewed.count(Report) == 0
    assert reviewed.rating() == (1, 4.0)


def test_reviews_of_a_course_that_is_not_theirs_to_know_of(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    review = reviewed.review(cast.bo)
    reviewed.change(Course, cast.flask_course.id, visibility=ProductVisibility.PRIVATE)
    owner = reviewed.owner()
    assert signed_in(cast.cy).get(f"/reviews/{review}/report").status_code == 404
    assert signed_in(owner).get(f"/reviews/{review}/report").status_code == 200
    reviewed.change(Course, cast.flask_course.id, deleted_at=clock.now() - timedelta(minutes=1))
    assert signed_in(owner).get(f"/reviews/{review}/report").status_code == 404


def test_in_place_the_form_comes_into_the_row(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    review = reviewed.review(cast.bo, 1, "Buy shoes.")
    cy = signed_in(cast.cy)
    form = cy.get(f"/reviews/{review}/report", headers=HTMX).text
    assert form.lstrip().startswith(f'<div class="card is-padded" id="report-{review.hex}"')
    wrong = cy.post(f"/reviews/{review}/report", headers=HTMX)
    assert wrong.status_code == 422
    assert f'id="report-{review.hex}"' in wrong.text
    done = cy.post(f"/reviews/{review}/report", data=SPAM, headers=HTMX)
    assert 'id="reviews"' in done.text
    assert "We’ll look into this review" in done.text


def reports(reviewed: ReviewedCourse) -> list[Report]:
    """All reports there are."""
    with reviewed.app.app_context():
        rows = list(db.session.scalars(db.select(Report)))
        for row in rows:
            db.session.expunge(row)
        return rows


def test_only_a_proved_address_can_report_a_review(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient, signed_in: SignedIn
) -> None:
    review = reviewed.review(cast.bo, 2, "Harsh.")
    answer = signed_in(cast.una).post(f"/reviews/{review}/report", data=SPAM)
    assert answer.status_code == 422
    assert "Confirm your email address first" in answer.text
    assert "Harsh." in client.get(reviewed.page).text
    assert reviewed.count(Report) == 0

"""One's own review: only owners, once, with stars; changed and deleted; nothing typed is lost."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.base import clock
from models import AccessGrant, Course, Review, User, db
from tests.cast import Cast
from tests.reviews.conftest import HTMX, ReviewedCourse

SignedIn = Callable[[User], FlaskClient]
REVIEW = "/courses/flask-first-steps/review"


def test_an_owner_reviews(reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    assert "Write a review" in bo.get(reviewed.page).text
    answer = bo.post(REVIEW, data={"rating": "4", "comment": "Clear.\r\n\r\nAnd short."})
    assert (answer.status_code, answer.location) == (303, "/courses/flask-first-steps#reviews")
    [review] = reviewed.by(cast.bo)
    assert (review.rating, review.comment, review.edited_at) == (4, "Clear.\n\nAnd short.", None)
    assert reviewed.rating() == (1, 4.0)
    page = bo.get(reviewed.page).text
    assert "Your review is published" in page
    assert "And short." in page
    assert "Write a review" not in page


def test_words_are_optional(reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn) -> None:
    assert signed_in(cast.bo).post(REVIEW, data={"rating": "1"}).status_code == 303
    assert reviewed.rating() == (1, 1.0)


def test_a_second_review_changes_the_first(reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    bo.post(REVIEW, data={"rating": "5", "comment": "Great."})
    form = bo.get(REVIEW).text
    assert "Great." in form
    assert 'value="5" checked' in form
    bo.post(REVIEW, data={"rating": "2", "comment": "On second thought."})
    [review] = reviewed.by(cast.bo)
    assert (review.rating, review.comment) == (2, "On second thought.")
    assert review.edited_at is not None
    assert reviewed.rating() == (1, 2.0)


def test_the_same_form_sent_twice_is_one_review_that_nobody_changed(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    bo = signed_in(cast.bo)
    for _ in range(2):
        assert bo.post(REVIEW, data={"rating": "5", "comment": "Great."}).status_code == 303
    [review] = reviewed.by(cast.bo)
    assert review.edited_at is None
    assert reviewed.rating() == (1, 5.0)


BAD = [
    {},
    {"rating": ""},
    {"rating": "0"},
    {"rating": "6"},
    {"rating": "-1"},
    {"rating": "4.5"},
    {"rating": "NaN"},
    {"rating": "٣"},
    {"rating": "1e0"},
    {"rating": "9" * 5000},
    {"rating": "4", "comment": "x" * 10_000},
]


@pytest.mark.parametrize("typed", BAD)
def test_bad_input_is_answered_with_the_form(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn, typed: dict[str, str]
) -> None:
    answer = signed_in(cast.bo).post(REVIEW, data={"comment": "Typed with care.", **typed})
    assert answer.status_code == 422
    assert "has-error" in answer.text
    assert typed.get("comment", "Typed with care.") in answer.text
    assert reviewed.by(cast.bo) == []


def test_control_characters_and_markup_do_no_harm(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    bo = signed_in(cast.bo)
    comment = "<script>alert(1)</script>\x00\x07 <b hx-get='/x'>bold</b> \u202e"
    assert bo.post(REVIEW, data={"rating": "3", "comment": comment}).status_code == 303
    [review] = reviewed.by(cast.bo)
    assert review.comment == "<script>alert(1)</script> <b hx-get='/x'>bold</b>"
    page = bo.get(reviewed.page).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert "<b hx-get" not in page


def test_json_and_files_are_no_review(reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    assert bo.post(REVIEW, json=[1, 2]).status_code == 422
    upload = {"rating": (__import__("io").BytesIO(b"5"), "5.txt")}
    assert bo.post(REVIEW, data=upload, content_type="multipart/form-data").status_code == 422
    assert reviewed.by(cast.bo) == []


@pytest.mark.parametrize("name", ["cy", "ada", "mo", "una"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_whoever_does_not_own_it_is_told_why(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn, name: str, method: str
) -> None:
    person = getattr(cast, name)
    answer = getattr(signed_in(person), method)(REVIEW, data={"rating": "5"})
    assert answer.status_code == 403
    reason = "You can’t review your own course" if name == "ada" else "Only people who own this course"
    assert reason in answer.text
    assert reviewed.by(person) == []


def test_free_access_to_everything_is_not_owning(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    reviewed.change(User, cast.cy.id, access_override=True)
    assert signed_in(cast.cy).post(REVIEW, data={"rating": "5"}).status_code == 403


def test_a_creator_with_a_grant_still_has_no_say(
    app: Flask, reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    buyer = reviewed.owner()
    with app.app_context():
        grant = db.session.scalars(db.select(AccessGrant).where(AccessGrant.user_id == buyer.id)).one()
        grant.user_id = cast.ada.id
        db.session.commit()
    ada = signed_in(cast.ada)
    assert ada.post(REVIEW, data={"rating": "5"}).status_code == 403
    assert "Write a review" not in ada.get(reviewed.page).text


def test_an_admin_who_owns_it_reviews(app: Flask, reviewed: ReviewedCourse, signed_in: SignedIn) -> None:
    admin = reviewed.owner("Grace", role="admin")
    assert signed_in(admin).post(REVIEW, data={"rating": "3"}).status_code == 303
    assert reviewed.rating() == (1, 3.0)


def test_strangers_are_asked_to_sign_in(reviewed: ReviewedCourse, client: FlaskClient) -> None:
    assert client.get(REVIEW).location == "/login?next=/courses/flask-first-steps/review"
    assert client.post(REVIEW, data={"rating": "5"}).status_code == 303
    assert reviewed.count(Review) == 0


@pytest.mark.parametrize("slug", ["unknown", "secret-draft", "with%00nul", "x" * 3000])
def test_a_course_that_is_not_theirs_to_know_of(cast: Cast, signed_in: SignedIn, slug: str) -> None:
    bo = signed_in(cast.bo)
    assert bo.get(f"/courses/{slug}/review").status_code == 404
    assert bo.post(f"/courses/{slug}/review", data={"rating": "5"}).status_code == 404
    assert bo.post(f"/courses/{slug}/review/delete").status_code == 404


def test_a_deleted_course_has_no_reviews_to_write(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    reviewed.change(Course, cast.flask_course.id, deleted_at=clock.now())
    assert signed_in(cast.bo).post(REVIEW, data={"rating": "5"}).status_code == 404


def test_deleting_asks_first(reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn) -> None:
    reviewed.review(cast.bo, 2)
    bo = signed_in(cast.bo)
    assert "Delete your review?" in bo.get(f"{REVIEW}/delete").text
    assert len(reviewed.by(cast.bo)) == 1
    assert bo.post(f"{REVIEW}/delete").location == "/courses/flask-first-steps#reviews"
    assert reviewed.by(cast.bo) == []
    assert reviewed.rating() == (0, 0.0)
    assert bo.post(f"{REVIEW}/delete").status_code == 303
    assert bo.get(f"{REVIEW}/delete").status_code == 303


def test_who_lost_the_course_can_delete_but_not_change(
    app: Flask, reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    reviewed.review(cast.bo, 2, "Mine.")
    with app.app_context():
        for grant in db.session.scalars(db.select(AccessGrant).where(AccessGrant.user_id == cast.bo.id)):
            grant.revoked_at = clock.now()
        db.session.commit()
    bo = signed_in(cast.bo)
    page = bo.get(reviewed.page).text
    assert "Your review" in page
    assert "review/delete" in page
    assert 'id="review-write"' not in page
    assert bo.post(REVIEW, data={"rating": "1"}).status_code == 403
    assert reviewed.by(cast.bo)[0].rating == 2
    bo.post(f"{REVIEW}/delete")
    assert reviewed.by(cast.bo) == []


def test_nothing_is_saved_without_the_token(
    app: Flask, reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    assert signed_in(cast.bo).post(REVIEW, data={"rating": "5"}).status_code == 400
    assert reviewed.by(cast.bo) == []


def test_in_place_the_form_the_error_and_the_result_are_parts(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    bo = signed_in(cast.bo)
    form = bo.get(REVIEW, headers=HTMX).text
    assert form.lstrip().startswith('<div class="card is-padded" id="review-own"')
    assert "<html" not in form
    wrong = bo.post(REVIEW, data={"comment": "Kept."}, headers=HTMX)
    assert wrong.status_code == 422
    assert "Kept." in wrong.text
    assert "<html" not in wrong.text
    done = bo.post(REVIEW, data={"rating": "4", "comment": "Now."}, headers=HTMX)
    assert done.status_code == 200
    assert "<html" not in done.text
    assert 'id="reviews"' in done.text
    assert "Your review is published" in done.text
    assert 'hx-target="#course-rating"' in done.text
    ask = bo.get(f"{REVIEW}/delete", headers=HTMX)
    assert 'id="review-own"' in ask.text
    assert "<html" not in ask.text
    gone = bo.post(f"{REVIEW}/delete", headers=HTMX)
    assert "Write a review" in gone.text
    assert "Your review is deleted." in gone.text


def test_in_place_a_refusal_is_said_beside_the_reviews(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    answer = signed_in(cast.cy).post(REVIEW, data={"rating": "5"}, headers=HTMX)
    assert answer.status_code == 403
    assert 'id="reviews"' in answer.text
    assert "Only people who own this course" in answer.text


def test_the_way_back_keeps_order_and_page(reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn) -> None:
    bo = signed_in(cast.bo)
    query = "?reviews_sort=newest&reviews_page=2"
    assert (
        f'href="/courses/flask-first-steps{query.replace("&", "&amp;")}#reviews"'
        in bo.get(REVIEW + query).text
    )
    answer = bo.post(REVIEW + query, data={"rating": "5"})
    assert answer.location == f"/courses/flask-first-steps{query}#reviews"

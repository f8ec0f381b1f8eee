"""Helpful votes: given and taken back by anyone with an account, but never to oneself."""

from collections.abc import Callable

from flask.testing import FlaskClient

from models import ReviewVote, User
from tests.cast import Cast
from tests.reviews.conftest import HTMX, ReviewedCourse

SignedIn = Callable[[User], FlaskClient]
NOBODYS = "/reviews/01890000-0000-7000-8000-000000000000"


def test_a_vote_counts_once_and_can_be_taken_back(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    review = reviewed.review(cast.bo)
    cy = signed_in(cast.cy)
    for wish, expected in (("yes", 1), ("yes", 1), ("no", 0), ("no", 0), ("yes", 1)):
        answer = cy.post(f"/reviews/{review}/helpful", data={"helpful": wish})
        assert answer.location == f"/courses/flask-first-steps#review-{review.hex}"
        found = reviewed.get(review)
        assert found is not None
        assert found.helpful_count == reviewed.count(ReviewVote) == expected


def test_a_vote_leaves_the_stamps_alone(reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn) -> None:
    before = reviewed.get(reviewed.review(cast.bo))
    assert before is not None
    signed_in(cast.cy).post(f"/reviews/{before.id}/helpful", data={"helpful": "yes"})
    after = reviewed.get(before.id)
    assert after is not None
    assert (after.updated_at, after.edited_at) == (before.updated_at, None)


def test_the_button_says_what_it_will_do(reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn) -> None:
    review = reviewed.review(cast.bo)
    cy = signed_in(cast.cy)
    assert 'name="helpful" value="yes"' in cy.get(reviewed.page).text
    cy.post(f"/reviews/{review}/helpful", data={"helpful": "yes"})
    page = cy.get(reviewed.page).text
    assert 'name="helpful" value="no"' in page
    assert 'aria-pressed="true"' in page


def test_nobody_votes_for_themselves(reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn) -> None:
    review = reviewed.review(cast.bo)
    bo = signed_in(cast.bo)
    assert f"/reviews/{review}/helpful" not in bo.get(reviewed.page).text
    answer = bo.post(f"/reviews/{review}/helpful", data={"helpful": "yes"})
    assert answer.status_code == 403
    assert "vote for your own review" in answer.text
    assert reviewed.count(ReviewVote) == 0


def test_strangers_see_the_count_and_are_asked_to_sign_in(
    reviewed: ReviewedCourse, cast: Cast, client: FlaskClient
) -> None:
    review = reviewed.review(cast.bo, helpful_count=3)
    page = client.get(reviewed.page).text
    assert "3 people found it helpful" in page
    assert "/helpful" not in page
    answer = client.post(f"/reviews/{review}/helpful", data={"helpful": "yes"})
    assert answer.location.startswith("/login")


def test_what_cannot_be_seen_cannot_be_voted_for(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    hidden = reviewed.review(cast.bo, flagged=True)
    cy = signed_in(cast.cy)
    for address in (f"/reviews/{hidden}", NOBODYS, "/reviews/7", "/reviews/%00"):
        assert cy.post(f"{address}/helpful", data={"helpful": "yes"}).status_code == 404
        assert cy.get(f"{address}/report").status_code == 404
        assert cy.post(f"{address}/report", data={"reason": "spam"}).status_code == 404


def test_in_place_the_button_alone_comes_back(
    reviewed: ReviewedCourse, cast: Cast, signed_in: SignedIn
) -> None:
    review = reviewed.review(cast.bo)
    answer = signed_in(cast.cy).post(
        f"/reviews/{review}/helpful?reviews_page=2", data={"helpful": "yes"}, headers=HTMX
    )
    assert answer.text.lstrip().startswith(f'<form id="votes-{review.hex}"')
    assert 'value="no"' in answer.text
    assert "/helpful?reviews_page=2" in answer.text
